-- Rows that the real seeder makes: built-in users, roles, types, statuses, priorities, settings

INSERT INTO users (login, firstname, lastname, mail, status, type, first_login) VALUES
    ('', '', 'System', '', 1, 'SystemUser', false),
    ('', '', 'Anonymous', '', 1, 'AnonymousUser', false);

INSERT INTO roles (name, position, builtin, type) VALUES
    ('Non member', 0, 1, 'ProjectRole'),
    ('Anonymous', 1, 2, 'ProjectRole'),
    ('Member', 2, 0, 'ProjectRole'),
    ('Reader', 3, 0, 'ProjectRole'),
    ('Project admin', 4, 0, 'ProjectRole'),
    ('Staff and projects manager', 5, 0, 'GlobalRole');

INSERT INTO types (name, position, is_default, is_milestone, is_standard) VALUES
    ('Task', 1, true, false, false),
    ('Milestone', 2, true, true, false),
    ('Phase', 3, true, false, false),
    ('Feature', 4, false, false, false),
    ('Epic', 5, false, false, false),
    ('User story', 6, false, false, false),
    ('Bug', 7, false, false, false);

INSERT INTO statuses (name, position, is_default, is_closed) VALUES
    ('New', 1, true, false),
    ('In specification', 2, false, false),
    ('Specified', 3, false, false),
    ('Confirmed', 4, false, false),
    ('To be scheduled', 5, false, false),
    ('Scheduled', 6, false, false),
    ('In progress', 7, false, false),
    ('Developed', 8, false, false),
    ('In testing', 9, false, false),
    ('Tested', 10, false, false),
    ('Test failed', 11, false, false),
    ('Closed', 12, false, true),
    ('On hold', 13, false, false),
    ('Rejected', 14, false, true);

INSERT INTO enumerations (name, position, is_default, type) VALUES
    ('Low', 1, false, 'IssuePriority'),
    ('Normal', 2, true, 'IssuePriority'),
    ('High', 3, false, 'IssuePriority'),
    ('Immediate', 4, false, 'IssuePriority');

INSERT INTO settings (name, value) VALUES
    ('app_title', 'OpenProject'),
    ('default_language', 'en'),
    ('password_min_length', '10'),
    ('password_min_adhered_rules', '0'),
    ('brute_force_block_after_failed_logins', '20'),
    ('brute_force_block_minutes', '30'),
    ('users_deletable_by_admins', '0');
