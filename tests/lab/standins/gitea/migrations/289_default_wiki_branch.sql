-- Add default_wiki_branch to repository table
ALTER TABLE repository ADD COLUMN default_wiki_branch varchar(255);
UPDATE repository SET default_wiki_branch = 'master' WHERE coalesce(default_wiki_branch, '') = '';
