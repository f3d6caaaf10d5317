CREATE TABLE `webhooks_endpoints` (
	`id` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`description` text NOT NULL,
	`events` text NOT NULL,
	`inbox_ids` text NOT NULL,
	`team_ids` text NOT NULL,
	`tags` text NOT NULL,
	`statuses` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`secret` text NOT NULL,
	`old_secret` text,
	`old_secret_until` integer,
	`failures` integer NOT NULL,
	`failing_since` integer,
	`last_success_at` integer,
	`dropped` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `webhooks_endpoints_by_state` ON `webhooks_endpoints` (`state`);
--> statement-breakpoint
CREATE TABLE `webhooks_deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`endpoint_id` text NOT NULL,
	`event` text NOT NULL,
	`inbox_id` text,
	`state` text NOT NULL,
	`body` text NOT NULL,
	`attempts` integer NOT NULL,
	`since` integer NOT NULL,
	`next_at` integer,
	`tried_at` integer,
	`status` integer,
	`answer` text,
	`error` text,
	`duration_ms` integer,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `webhooks_deliveries_by_endpoint` ON `webhooks_deliveries` (`endpoint_id`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `webhooks_deliveries_by_state` ON `webhooks_deliveries` (`endpoint_id`,`state`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `webhooks_deliveries_by_age` ON `webhooks_deliveries` (`created_at`);
