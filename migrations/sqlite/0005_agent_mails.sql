CREATE TABLE `agent_mails` (
	`key` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `agent_mails_by_age` ON `agent_mails` (`created_at`);
