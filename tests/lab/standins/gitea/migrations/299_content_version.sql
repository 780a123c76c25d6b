-- Add content version to issue and comment table
ALTER TABLE issue ADD COLUMN content_version integer NOT NULL DEFAULT 0;
ALTER TABLE comment ADD COLUMN content_version integer NOT NULL DEFAULT 0;
