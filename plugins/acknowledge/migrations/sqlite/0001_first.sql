CREATE TABLE `acknowledge_answers` (
	`id` text PRIMARY KEY NOT NULL,
	`ticket_id` text NOT NULL,
	`inbox_id` text NOT NULL,
	`address` text,
	`language` text,
	`reason` text,
	`message_id` text,
	`at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `acknowledge_answers_once` ON `acknowledge_answers` (`ticket_id`);
--> statement-breakpoint
CREATE INDEX `acknowledge_answers_by_address` ON `acknowledge_answers` (`address`,`id`);
--> statement-breakpoint
CREATE INDEX `acknowledge_answers_by_time` ON `acknowledge_answers` (`at`);
--> statement-breakpoint
CREATE TABLE `acknowledge_buckets` (
	`key` text PRIMARY KEY NOT NULL,
	`full_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `acknowledge_buckets_by_time` ON `acknowledge_buckets` (`full_at`);
