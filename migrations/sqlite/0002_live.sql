CREATE TABLE `live_tickets` (
	`hash` text PRIMARY KEY NOT NULL,
	`token_id` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `live_tickets_by_expiry` ON `live_tickets` (`expires_at`);
--> statement-breakpoint
ALTER TABLE `timeline` ADD `txid` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
CREATE INDEX `timeline_by_txid` ON `timeline` (`txid`,`seq`) WHERE txid > 0;
