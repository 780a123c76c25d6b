"""Fills a running lab stack with believable data: the database and the volume of one application, in step."""
