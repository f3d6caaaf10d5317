CREATE TABLE "webhooks_endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"url" text NOT NULL,
	"description" text NOT NULL,
	"events" jsonb NOT NULL,
	"inbox_ids" jsonb NOT NULL,
	"team_ids" jsonb NOT NULL,
	"tags" jsonb NOT NULL,
	"statuses" jsonb NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"secret" text NOT NULL,
	"old_secret" text,
	"old_secret_until" timestamp(3) with time zone,
	"failures" bigint NOT NULL,
	"failing_since" timestamp(3) with time zone,
	"last_success_at" timestamp(3) with time zone,
	"dropped" bigint NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "webhooks_deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"endpoint_id" text NOT NULL,
	"event" text NOT NULL,
	"inbox_id" text,
	"state" text NOT NULL,
	"body" text NOT NULL,
	"attempts" bigint NOT NULL,
	"since" timestamp(3) with time zone NOT NULL,
	"next_at" timestamp(3) with time zone,
	"tried_at" timestamp(3) with time zone,
	"status" bigint,
	"answer" text,
	"error" text,
	"duration_ms" bigint,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE INDEX "webhooks_endpoints_by_state" ON "webhooks_endpoints" USING btree ("state");
--> statement-breakpoint
CREATE INDEX "webhooks_deliveries_by_endpoint" ON "webhooks_deliveries" USING btree ("endpoint_id","created_at","id");
--> statement-breakpoint
CREATE INDEX "webhooks_deliveries_by_state" ON "webhooks_deliveries" USING btree ("endpoint_id","state","created_at","id");
--> statement-breakpoint
CREATE INDEX "webhooks_deliveries_by_age" ON "webhooks_deliveries" USING btree ("created_at");
