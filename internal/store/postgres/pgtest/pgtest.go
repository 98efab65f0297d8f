// Package pgtest starts throw-away PostgreSQL clusters for tests, from the
// programs of the distribution's packages: in a folder of their own, reached
// only through a socket in that folder, gone when the test's process is, however
// it ends.
package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/store/postgres"
)

// Options say what a cluster is like.
type Options struct {
	Fsync    bool              // survives what kills the machine; slower
	Memory   bool              // in a folder that is kept in memory, where the machine has one: for little data
	Settings map[string]string // further settings of postgresql.conf
}

// Cluster is a server that runs.
type Cluster struct {
	options Options
	bin     string // folder of the programs
	dir     string // everything of the cluster
	who     *syscall.SysProcAttr
	of      *Cluster // the primary of a standby; nil: it is none

	base    *url.URL // of a coordinator that runs already, see Attach
	workers []string // its workers, host:port
	prefix  string   // of the names of its databases

	mu      sync.Mutex
	leash   io.WriteCloser // when it closes the server stops
	watch   *exec.Cmd
	filled  bool
	inParts bool
	made    atomic.Int64
}

// port names the socket; no network address is listened on.
const port = "5432"

// Start makes a cluster and starts it.
func Start(o Options) (*Cluster, error) {
	c := &Cluster{options: o}
	var err error
	if c.bin, err = programs(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp(o.place(), "facet-pg-"); err != nil {
		return nil, err
	}
	if err = c.own(); err == nil {
		err = c.make()
	}
	if err == nil {
		err = c.start()
	}
	if err != nil {
		_ = os.RemoveAll(c.dir)
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return c, nil
}

// Shared is the one cluster of this process's tests, where the environment asks
// for FACET_TEST_DATABASE=postgres, or of the coordinator FACET_TEST_CITUS for
// citus; nil where it does not. It ends with the process.
var Shared = sync.OnceValues(func() (*Cluster, error) { return shared(os.Getenv("FACET_TEST_DATABASE")) })

// Any is the one cluster of this process's tests, whatever store the others are
// run on. It ends with the process.
var Any = sync.OnceValues(func() (*Cluster, error) { return Start(Options{Memory: true}) })

// memory is where Linux has a folder that is kept in memory.
const memory = "/dev/shm"

// place is the folder that clusters are made in; "": the usual one.
func (o Options) place() string {
	var fs syscall.Statfs_t
	if !o.Memory || syscall.Statfs(memory, &fs) != nil || uint64(fs.Bsize)*fs.Bavail < 4<<30 {
		return ""
	}
	return memory
}

// programs finds the newest installed server.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", errors.New("pgtest: no PostgreSQL server is installed: run scripts/deps")
		}
		found = []string{path}
	}
	major := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) })), nil
}

// own gives the folder to the user that the server runs as: PostgreSQL refuses
// to run as root.
func (c *Cluster) own() error {
	c.who = &syscall.SysProcAttr{Setpgid: true} // signals from the terminal are for the tests
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	c.who.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(c.dir, uid, gid)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// make initialises the data folder.
func (c *Cluster) make() error {
	args := []string{"-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}
	cmd := exec.Command(filepath.Join(c.bin, "initdb"), args...)
	cmd.Dir, cmd.SysProcAttr = c.dir, c.who
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	settings := map[string]string{
		"listen_addresses": "''", "port": port, "unix_socket_directories": "'" + c.dir + "'",
		"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB",
		"autovacuum": "off", "deadlock_timeout": "100ms", "max_wal_size": "1GB", "logging_collector": "off",
		"log_min_messages": "fatal", "log_min_error_statement": "panic",
	}
	if c.options.Fsync {
		settings["fsync"], settings["full_page_writes"] = "on", "on"
	}
	for key, value := range c.options.Settings {
		settings[key] = value
	}
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for key, value := range settings {
		fmt.Fprintf(f, "%s = %s\n", key, value)
	}
	return f.Close()
}

// guard starts the server, tells its process id and waits on its input for the
// tests to end; then it stops the server and removes the folder.
const guard = `
"$1" -D "$2/data" </dev/null >>"$2/log" 2>&1 &
server=$!
echo $server
line=
read line
if [ "$line" = killed ]; then wait $server; exit 0; fi
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$2"
`

// start starts the server and waits until it answers, as this cluster and no
// other.
func (c *Cluster) start() error {
	cmd := exec.Command("/bin/sh", "-c", guard, "sh", filepath.Join(c.bin, "postgres"), c.dir)
	cmd.Dir, cmd.SysProcAttr = c.dir, c.who
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return err
	}
	c.leash, c.watch = in, cmd
	deadline := time.Now().Add(60 * time.Second)
	for {
		dir, err := c.show("data_directory")
		switch {
		case err == nil && dir == c.data():
			return nil
		case err == nil:
			return fmt.Errorf("the server serves %s", dir)
		case time.Now().After(deadline):
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("the server does not start: %w: %s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *Cluster) show(setting string) (value string, err error) {
	err = c.as("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SHOW "+setting).Scan(&value)
	})
	return value, err
}

// as runs fn on a connection to a database.
func (c *Cluster) as(database string, fn func(context.Context, *pgx.Conn) error) error {
	return on(c.URL(database), fn)
}

func on(url string, fn func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return fn(ctx, conn)
}

// Exec runs SQL in a database.
func (c *Cluster) Exec(database, sql string) error {
	return c.as(database, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

// URL names a database of the cluster.
func (c *Cluster) URL(database string) string {
	if c.base != nil {
		return c.urlOf("", database)
	}
	q := url.Values{"host": {c.dir}, "port": {port}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// Database makes a database with the schema for a test and gives its URL; it is
// dropped after the test.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Drop(name); err != nil {
			t.Log(err)
		}
	})
	return c.URL(name)
}

// Create makes a database and gives its name: a copy of another one, which
// nobody may be connected to, or one with the schema.
func (c *Cluster) Create(of string) (name string, err error) {
	c.mu.Lock() // a database is copied once at a time
	defer c.mu.Unlock()
	if of == "" {
		if err := c.fill(); err != nil {
			return "", err
		}
		of = c.prefix + template
	}
	name = c.prefix + "test" + strconv.FormatInt(c.made.Add(1), 10)
	if c.base != nil {
		return name, c.copied(name, of)
	}
	// Copying files is some five times faster than logging what they hold.
	return name, c.Exec("postgres", "CREATE DATABASE "+name+" TEMPLATE "+of+" STRATEGY FILE_COPY")
}

// Drop removes a database that Create made, whoever is connected to it.
func (c *Cluster) Drop(name string) error {
	const drop = "DROP DATABASE IF EXISTS %s WITH (FORCE)"
	if c.base != nil {
		return c.everywhere("postgres", fmt.Sprintf(drop, name))
	}
	return c.Exec("postgres", fmt.Sprintf(drop, name))
}

// Shut ends all connections to a database, which takes no more until it is let
// in again.
func (c *Cluster) Shut(name string) error {
	if err := c.Exec("postgres", "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	return c.Exec("postgres", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '"+name+"'")
}

// Reopen lets connections in after Shut.
func (c *Cluster) Reopen(name string) error {
	return c.Exec("postgres", "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true")
}

// template has the schema and nothing else.
const template = "filled"

// fill makes the template.
func (c *Cluster) fill() error {
	if c.filled {
		return nil
	}
	if c.base != nil {
		err := c.fillSpread(c.prefix + template)
		c.filled = err == nil
		return err
	}
	if err := c.Exec("postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	s, err := postgres.Open(context.Background(), postgres.Options{URL: c.URL(template)})
	if err != nil {
		return err
	}
	c.filled = true
	return s.Close()
}

// server gives the process id of the server.
func (c *Cluster) server() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(line)
}

// children lists the processes of the server.
func children(of int) []int {
	var list []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(of) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				list = append(list, pid)
			}
		}
	}
	return list
}

// Kill ends the server and all its processes as a failing machine would
// (SIGKILL). Restart starts it again.
func (c *Cluster) Kill() error {
	pid, err := c.server()
	if err != nil {
		return err
	}
	all := append([]int{pid}, children(pid)...)
	for _, p := range all {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	if _, err := io.WriteString(c.leash, "killed\n"); err != nil {
		return err
	}
	if err := c.watch.Wait(); err != nil {
		return err
	}
	gone(all) // their memory is free then
	return nil
}

// gone waits until processes have ended.
func gone(all []int) {
	for _, p := range all {
		for syscall.Kill(p, 0) == nil && !isZombie(p) {
			time.Sleep(time.Millisecond)
		}
	}
}

func isZombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(b), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}

// KillBackend ends one process that serves a database (SIGKILL), as soon as there
// is one: the server then ends all others and recovers by itself. What is
// answered after KillBackend has returned comes from after the failure.
func (c *Cluster) KillBackend(database string) error {
	for deadline := time.Now().Add(time.Minute); ; {
		var pid int
		err := c.as("postgres", func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = $1 LIMIT 1", database).Scan(&pid)
		})
		switch {
		case err == nil:
			return c.fail(pid)
		case time.Now().After(deadline):
			return err
		}
		time.Sleep(20 * time.Millisecond) // it may still recover from the time before
	}
}

// fail ends one of the server's processes, and waits until all have ended.
func (c *Cluster) fail(pid int) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	all := children(server)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	gone(all)
	return nil
}

// Restart starts the server after Kill, or after Stop.
func (c *Cluster) Restart() error { return c.start() }

// Stop ends the server and removes its folder. Its standbys are stopped before.
func (c *Cluster) Stop() error {
	if c.base != nil {
		return c.Drop(c.prefix + template)
	}
	if err := c.leash.Close(); err != nil {
		return err
	}
	err := c.watch.Wait()
	if c.of != nil {
		err = errors.Join(err, c.dropSlot())
	}
	return err
}
