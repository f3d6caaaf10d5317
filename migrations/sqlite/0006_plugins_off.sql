ALTER TABLE `plugins` ADD `off_since` integer;
