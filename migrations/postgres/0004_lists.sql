CREATE INDEX "tickets_by_creation" ON "tickets" USING btree ("created_at","number");
--> statement-breakpoint
ALTER TABLE "ticket_fields" ALTER COLUMN "value" SET DATA TYPE text collate "C";
