package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"facet/internal/store/postgres"
)

// Citus commits on its workers after the coordinator: a transaction that has
// ended there, and that a worker still holds prepared, keeps the feed below it.
func TestTheFeedStaysBelowWhatAWorkerHasPrepared(t *testing.T) {
	conn := connect(t, cluster.Database(t))
	statements := postgres.Statements()
	at := slices.IndexFunc(statements, func(s string) bool { return strings.Contains(s, "run_command_on_workers") })
	for _, c := range []struct {
		workers string // what each answers
		want    int64  // 0: the snapshot's own
		down    bool
	}{
		{"(true, '')", 0, false},
		{"(true, 'other'), (true, '')", 0, false},
		{"(true, 'other citus_0_2'), (true, 'citus_0_3')", 12, false},
		{"(true, 'citus_0_3'), (true, 'citus_0_1 x')", 11, false},
		{"(true, ''), (false, 'connection refused')", 0, true},
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.Conn().PgConn().Exec(t.Context(), `
			CREATE TABLE pg_dist_transaction (gid TEXT, outer_xid XID8);
			INSERT INTO pg_dist_transaction VALUES ('citus_0_1', '11'), ('citus_0_2', '12'), ('citus_0_3', '13'), ('citus_0_4', '10');
			CREATE FUNCTION run_command_on_workers(TEXT) RETURNS TABLE (success BOOLEAN, result TEXT)
				LANGUAGE sql AS $$ VALUES `+c.workers+` $$;`).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var horizon, xmin int64
		var down *string
		if err := tx.QueryRow(t.Context(), statements[at]).Scan(&horizon, &down); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(t.Context(), `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint`).Scan(&xmin); err != nil {
			t.Fatal(err)
		}
		if c.want == 0 {
			c.want = xmin
		}
		if horizon != c.want || (down != nil) != c.down {
			t.Errorf("%s: below %d, want %d; down: %v", c.workers, horizon, c.want, down)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
