-- Add everyone_access_mode for repo_unit
ALTER TABLE repo_unit ADD COLUMN everyone_access_mode integer NOT NULL DEFAULT 0;
