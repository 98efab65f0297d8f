package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An import that is killed goes on where it was: nothing is lost, nothing is
// doubled, and each row that was refused is listed once.
func TestAnImportThatIsKilledGoesOnAndDoublesNothing(t *testing.T) {
	t.Parallel()
	data := folder(t)
	facet(t, "", "site", "add", "shop", "--domain", "shop.example", "--data", data)
	const rows = 30_000
	file := filepath.Join(t.TempDir(), "people.jsonl")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for n := range rows {
		email := fmt.Sprintf("p%d@example.com", n)
		if n%5000 == 4999 {
			email = "p0@example.com" // taken
		}
		fmt.Fprintf(w, `{"type":"user","number":%d,"slug":"person-%d","attrs":{"email":%q,"givenName":"P"}}`+"\n", 10_000+n, n, email)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	list := file + ".rejects.jsonl"
	kills := 0
	for ; kills < 3; kills++ {
		cmd := command(t, "import", "--data", data, file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(exited)
		}()
		awaitWrites(t, filepath.Join(data, "facet.db-wal"), exited, 3+kills)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-exited
	}
	cmd := command(t, "import", "--data", data, file)
	out, err := cmd.Output()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("%d records imported, 6 rows refused", rows-6)) {
		t.Errorf("after %d kills: %v %s", kills, err, out)
	}
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int64]int{}
	for line := range strings.Lines(string(text)) {
		var r struct{ Line int64 }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines[r.Line]++
	}
	for n := int64(5000); n <= rows; n += 5000 {
		if lines[n] != 1 || len(lines) != 6 {
			t.Errorf("rejects by line: %v", lines)
		}
	}
	exported := facet(t, "", "export", "--data", data, "--type", "user", "-")
	seen := map[string]bool{}
	for line := range strings.Lines(exported) {
		var r struct{ Slug string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || seen[r.Slug] {
			t.Fatalf("%q: %v", line, err)
		}
		seen[r.Slug] = true
	}
	if len(seen) != rows-6 {
		t.Errorf("%d of %d records are there", len(seen), rows-6)
	}
}

// awaitWrites returns when a file has been written to so often, or what writes has
// gone.
func awaitWrites(t *testing.T, path string, gone <-chan struct{}, times int) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	deadline := time.After(10 * time.Second) // PostgreSQL's files are elsewhere
	var last time.Time
	for n := 0; n < times; {
		select {
		case <-look.C:
			if info, err := os.Stat(path); err == nil && info.ModTime() != last {
				last = info.ModTime()
				n++
			}
		case <-deadline:
			return
		case <-gone:
			return
		}
	}
}
