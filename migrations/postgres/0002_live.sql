CREATE TABLE "live_tickets" (
	"hash" text PRIMARY KEY NOT NULL,
	"token_id" text NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
-- First with a constant: a default that is computed would write every row of the table anew.
ALTER TABLE "timeline" ADD COLUMN "txid" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "timeline" ALTER COLUMN "txid" SET DEFAULT (pg_current_xact_id()::text)::bigint;
--> statement-breakpoint
CREATE INDEX "live_tickets_by_expiry" ON "live_tickets" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "timeline_by_txid" ON "timeline" USING btree ("txid","seq") WHERE txid > 0;
