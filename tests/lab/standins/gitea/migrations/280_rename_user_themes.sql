-- Rename user themes
UPDATE "user" SET theme = 'gitea-light' WHERE theme = 'gitea';
UPDATE "user" SET theme = 'gitea-dark' WHERE theme = 'arc-green';
UPDATE "user" SET theme = 'gitea-auto' WHERE theme = 'auto';
