CREATE INDEX "tickets_by_creation" ON "tickets" USING btree ("created_at","number");
