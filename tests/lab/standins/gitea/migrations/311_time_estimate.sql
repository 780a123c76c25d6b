-- Add TimeEstimate to Issue table
ALTER TABLE issue ADD COLUMN time_estimate bigint NOT NULL DEFAULT 0;
