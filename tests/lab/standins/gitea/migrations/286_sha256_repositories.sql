-- Add support for SHA256 git repositories
ALTER TABLE comment ALTER COLUMN commit_sha TYPE varchar(64);
ALTER TABLE repository ADD COLUMN object_format_name varchar(6) NOT NULL DEFAULT 'sha1';
