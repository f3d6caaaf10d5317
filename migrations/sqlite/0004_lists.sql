CREATE INDEX `tickets_by_creation` ON `tickets` (`created_at`,`number`);
