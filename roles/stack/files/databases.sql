-- Runs once, when the database server creates its data folder; the owner is the user that runs it, maxops.
CREATE DATABASE openproject;
CREATE DATABASE gitea;
