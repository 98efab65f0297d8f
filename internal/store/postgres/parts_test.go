package postgres_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
)

// stub has the names of Citus that a statement refers to.
const stub = `
	CREATE TABLE pg_dist_transaction (gid TEXT, outer_xid XID8);
	CREATE FUNCTION run_command_on_workers(TEXT) RETURNS TABLE (success BOOLEAN, result TEXT)
		LANGUAGE sql AS 'SELECT true, ''''::text'`

// pgLSN is the type of a place in the log.
const pgLSN = 3220

// control are the statements that have no plan.
var control = regexp.MustCompile(`^(BEGIN|COMMIT|SAVEPOINT|RELEASE)\b`)

// In partitions by bucket, as in shards, a statement that is given a bucket
// looks into one partition.
func TestEveryStatementLooksIntoOneBucketOrIsListed(t *testing.T) {
	conn := connect(t, cluster.InParts(t))
	if _, err := conn.PgConn().Exec(t.Context(), stub).ReadAll(); err != nil {
		t.Fatal(err)
	}
	listed := postgres.Everywhere()
	planned := 0
	for id, text := range postgres.Statements() {
		if control.MatchString(text) {
			continue
		}
		parts := partsOf(t, conn, fmt.Sprint("s", id), text)
		planned++
		switch why, ok := listed[id]; {
		case len(parts) > 1 && !ok:
			t.Errorf("looks into %d partitions, and is not listed:\n%s", len(parts), text)
		case len(parts) <= 1 && ok:
			t.Errorf("looks into one partition, and is listed (%s):\n%s", why, text)
		}
		delete(listed, id)
	}
	if planned < 100 || len(listed) > 0 {
		t.Errorf("%d statements were planned, and not %v", planned, slices.Collect(maps.Keys(listed)))
	}
}

// partsOf plans a statement with a value for each argument, another bucket for
// each bucket, and gives the numbers of the partitions that the plan reads.
func partsOf(t *testing.T, conn *pgx.Conn, name, text string) map[string]bool {
	t.Helper()
	d, err := conn.Prepare(t.Context(), name, text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var args []string
	buckets := 0
	for _, oid := range d.ParamOIDs {
		value, ok := map[uint32]string{
			pgtype.Int8OID: "1", pgtype.TextOID: "'1'", pgtype.ByteaOID: `'\x00'`, pgLSN: "'0/1'",
			pgtype.Int4ArrayOID: "'{1}'", pgtype.TextArrayOID: "'{1}'", pgtype.Int8ArrayOID: "'{1}'",
			pgtype.UUIDArrayOID: "'{00000000-0000-7000-8000-000000000001}'",
			pgtype.UUIDOID:      "'00000000-0000-7000-8000-000000000001'",
		}[oid]
		if oid == pgtype.Int4OID {
			value, ok = fmt.Sprint(bucketIn[buckets%len(bucketIn)]), true
			buckets++
		}
		if !ok {
			t.Fatalf("no value for an argument of type %d in %s", oid, text)
		}
		args = append(args, value)
	}
	call := name
	if len(args) > 0 {
		call += "(" + strings.Join(args, ", ") + ")"
	}
	var plan []map[string]any
	var raw []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE "+call).Scan(&raw); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := json.Unmarshal(raw, &plan); err != nil {
		t.Fatal(err)
	}
	parts := map[string]bool{}
	relations(plan[0], func(relation string) {
		if _, part, ok := strings.Cut(relation, "_p"); ok && part != "" {
			parts[part] = true
		}
	})
	return parts
}

// relations tells the tables of a plan.
func relations(node any, fn func(string)) {
	switch v := node.(type) {
	case []any:
		for _, x := range v {
			relations(x, fn)
		}
	case map[string]any:
		if name, ok := v["Relation Name"].(string); ok {
			fn(name)
		}
		for _, x := range v {
			relations(x, fn)
		}
	}
}

// bucketIn are buckets that lie in different partitions.
var bucketIn = []int{1, 3, 2, 7}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_custom_plan"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// What the test of statements rests on: two buckets are seen to be two.
func TestBucketsOfTheStatementsTestLieInDifferentPartitions(t *testing.T) {
	conn := connect(t, cluster.InParts(t))
	seen := map[string]bool{}
	for i, bucket := range bucketIn {
		parts := partsOf(t, conn, fmt.Sprint("b", i), fmt.Sprintf("SELECT id FROM record WHERE bucket = %d", bucket))
		for p := range parts {
			seen[p] = true
		}
	}
	if len(seen) != pgtest.Parts {
		t.Errorf("they lie in %v", seen)
	}
}

// Every table with a bucket has it in each unique key, so that it can be spread,
// or is listed as one that is not.
func TestEveryTableIsSpreadByBucketOrStays(t *testing.T) {
	conn := connect(t, cluster.Database(t))
	rows, err := conn.Query(t.Context(), `
		SELECT k.relname, i.relname FROM pg_index x
		JOIN pg_class k ON k.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
		WHERE k.relnamespace = 'public'::regnamespace AND x.indisunique
			AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.oid AND a.attname = 'bucket')
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attname = 'bucket')`)
	if err != nil {
		t.Fatal(err)
	}
	var table, index string
	if _, err := pgx.ForEachRow(rows, []any{&table, &index}, func() error {
		if !slices.Contains(postgres.Local(), table) {
			t.Errorf("key %s of table %s has no bucket", index, table)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	left, err := postgres.Unspread(t.Context(), conn)
	if err != nil || len(left) < 19 || left[0] != "record" {
		t.Errorf("to be spread are %v, %v", left, err)
	}
}
