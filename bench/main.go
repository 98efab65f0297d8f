// Command bench measures Facet beside baselines in the same run: the main reads
// and writes of every face beside bare handlers and the bare driver, reads by uuid
// through the entity face beside a bare net/http handler that writes the same
// bytes, durable creates beside a bare group-committing loop that inserts the
// same rows, records made in bulk beside single ones, the checks of tokens,
// clients and passwords beside handlers without them, reads in a storm of
// log-ins beside reads without one, pages of long lists: the
// first beside a deep one, and searches beside a walk through the same texts in
// memory, pages of profiles of who has many links beside those of who has few,
// finds among many entities beside the same among few, app documents
// beside the entity face, and batches of them beside single creates, uploads of
// photographs beside bare decoding; and, without a baseline, how long changes
// of an entity type take and hold others up.
//
//	CGO_ENABLED=0 go run ./bench [-quick] [-store sqlite|postgres|all] [-database URL] [-results FILE] [-only faces|read|create|bulk|import|check|storm|list|relation|find|document|picture|change] [-records N] [-members N] [-json FILE]
//
// The server is the one that `facet serve` builds, with its access log written
// to the null device and metrics counted. It runs in this process, the load
// generator in a second one over loopback; both share the machine's cores, so
// the ratios say more than the rates. Every run of ours is followed by one of
// its baseline; figures are medians of the runs, with the least and the most.
// An answer that is not the expected one fails the whole run.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"facet/internal/server"
)

// settings are the command line, and how much is done.
type settings struct {
	quick    bool
	only     string
	jsonFile string
	results  string
	profile  string
	folder   string
	store    string
	database string
	records  int
	members  int

	runs     int
	length   time.Duration // of a run that is bounded by time
	warm     time.Duration // before it
	creates  int           // of a run that is bounded by its count
	signIns  int
	hotSet   int
	fewCount int // records of the first read figure
}

func main() {
	s := settings{warm: 300 * time.Millisecond, creates: 20_000, signIns: 100, hotSet: 20_000, fewCount: 10_000}
	generator := flag.Bool("generator", false, "be the load generator: jobs on standard input, results on standard output")
	flag.BoolVar(&s.quick, "quick", false, "three short runs, without the million records")
	flag.StringVar(&s.only, "only", "", "measure just one of faces, read, create, bulk, import, check, storm, list, relation, find, document, picture, change")
	flag.StringVar(&s.jsonFile, "json", "", "write the figures to this `file` too")
	flag.StringVar(&s.results, "results", "", "write the figures to this `file`, in Markdown, with plots beside it")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile of our last measured run to this `file`")
	flag.StringVar(&s.store, "store", onSQLite, "the store that is measured: sqlite, postgres or all")
	flag.StringVar(&s.database, "database", "", "the PostgreSQL server (`URL`) on which databases are made; without it a cluster is started that ends with the run")
	flag.StringVar(&s.folder, "dir", "", "make the temporary data folders in this `folder`")
	flag.DurationVar(&s.length, "length", 0, "length of a read run (2s, with -quick 0.5s)")
	flag.IntVar(&s.runs, "runs", 0, "runs of each (5, with -quick 3)")
	flag.IntVar(&s.records, "records", 1_000_000, "records of the second read figure, 0 for none, and of the searches")
	flag.IntVar(&s.members, "members", 100_000, "members of the profile whose roles are listed, and links of who has many")
	flag.Parse()
	if *generator {
		if err := generate(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: generator:", err)
			os.Exit(1)
		}
		return
	}
	runs, length := 5, 2*time.Second
	if s.quick {
		runs, length = 3, 500*time.Millisecond
		s.warm, s.creates, s.signIns = 100*time.Millisecond, 3000, 10
		asked := false
		flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "records" })
		if !asked {
			s.records = 0
		}
		s.members = min(s.members, 5000)
	}
	s.runs, s.length = cmp.Or(s.runs, runs), cmp.Or(s.length, length)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures what is asked for and prints the table.
func (s settings) run(ctx context.Context) (err error) {
	parts := []string{"faces", "read", "create", "bulk", "import", "check", "storm", "list", "relation", "find", "document", "picture", "change"}
	if s.only != "" && !slices.Contains(parts, s.only) {
		return fmt.Errorf("-only %s: it is one of %s", s.only, strings.Join(parts, ", "))
	}
	if !slices.Contains([]string{onSQLite, onPostgres, onAll}, s.store) {
		return fmt.Errorf("-store %s: it is %s, %s or %s", s.store, onSQLite, onPostgres, onAll)
	}
	if s.folder, err = os.MkdirTemp(s.folder, "facet-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	server.TuneGC()
	load, err := startGenerator(ctx)
	if err != nil {
		return err
	}
	defer load.stop()
	b := &bench{settings: s, load: load, databases: databases{given: s.database}, urls: map[string]string{}}
	defer func() { err = errors.Join(err, b.databases.close()) }()
	fmt.Printf("Facet bench: %s %s/%s, %d cores shared by server and load generator; loopback, persistent connections.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Printf("Medians of %d runs (least–most), ours and baseline in turn. CPU is the server's per request.\n\n", s.runs)
	stores := []string{s.store}
	if s.store == onAll {
		stores = []string{onSQLite, onPostgres}
	}
	for _, store := range stores {
		b.store = store
		if err := b.parts(ctx); err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
	}
	fmt.Println()
	if err := printTable(os.Stdout, b.figures); err != nil {
		return err
	}
	if s.results != "" {
		if err := b.writeResults(ctx, s.results); err != nil {
			return err
		}
	}
	if s.jsonFile != "" {
		return writeJSON(s.jsonFile, b.figures)
	}
	return nil
}

// parts measures what is asked for on one store.
func (b *bench) parts(ctx context.Context) error {
	for _, part := range []struct {
		name string
		fn   func(context.Context) error
	}{{"faces", b.everyFace}, {"read", b.read}, {"create", b.create}, {"bulk", b.bulk}, {"import", b.importing}, {"check", b.check}, {"storm", b.storm}, {"list", b.list}, {"relation", b.relation}, {"find", b.find}, {"document", b.document}, {"picture", b.picture}, {"change", b.change}} {
		if b.only != "" && b.only != part.name {
			continue
		}
		if err := part.fn(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// bench is one run of the command.
type bench struct {
	settings
	load      *generator
	figures   []figure
	notes     []string // what was told beside the figures
	databases databases
	urls      map[string]string // of databases, by the names of installations
}

// note tells of progress and of what stands beside the figures.
func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Println(text)
	if !strings.HasPrefix(text, " ") {
		b.notes = append(b.notes, storeNames[b.store]+": "+text)
	}
}
