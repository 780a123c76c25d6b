-- Add Index to attachment.comment_id
CREATE INDEX "IDX_attachment_comment_id" ON attachment (comment_id);
