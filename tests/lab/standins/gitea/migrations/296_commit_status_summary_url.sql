-- Add missing field of commit status summary table
ALTER TABLE commit_status_summary ADD COLUMN target_url text;
