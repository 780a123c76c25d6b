-- Add metadata column for comment table
ALTER TABLE comment ADD COLUMN comment_meta_data text;
