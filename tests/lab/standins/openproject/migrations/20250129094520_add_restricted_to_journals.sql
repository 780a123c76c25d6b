-- AddRestrictedToJournals

ALTER TABLE journals ADD COLUMN restricted boolean DEFAULT false NOT NULL;
CREATE INDEX index_journals_on_restricted ON journals (restricted);
