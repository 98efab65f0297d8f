package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby starts a server that follows this one by streaming replication, and
// can be read from.
func (c *Cluster) Standby() (*Cluster, error) {
	s := &Cluster{options: c.options, bin: c.bin, of: c}
	var err error
	if s.dir, err = os.MkdirTemp("", "facet-pg-"); err != nil {
		return nil, err
	}
	if err = s.own(); err == nil {
		err = s.copy()
	}
	if err == nil {
		err = s.start()
	}
	if err != nil {
		_ = os.RemoveAll(s.dir)
		return nil, fmt.Errorf("pgtest: standby: %w", err)
	}
	return s, nil
}

// slot is the name of the replication slot that keeps what a standby lacks.
func (c *Cluster) slot() string {
	return strings.ToLower(strings.ReplaceAll(filepath.Base(c.dir), "-", "_"))
}

// copy makes the data folder from the primary's.
func (c *Cluster) copy() error {
	cmd := exec.Command(filepath.Join(c.bin, "pg_basebackup"), "-D", c.data(), "-d", c.of.URL(""), "-R",
		"-X", "stream", "-C", "-S", c.slot(), "--checkpoint=fast", "--no-sync", "--no-manifest")
	cmd.Dir, cmd.SysProcAttr = c.dir, c.who
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(f, "unix_socket_directories = '%s'\nwal_retrieve_retry_interval = 100ms\n", c.dir)
	return f.Close()
}

// dropSlot gives back the slot of a standby that has ended.
func (c *Cluster) dropSlot() error {
	return until(func() (bool, error) {
		err := c.of.Exec("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '"+c.slot()+"'")
		return err == nil, err
	})
}

// until calls fn until it reports true, for a minute at most.
func until(fn func() (bool, error)) error {
	for deadline := time.Now().Add(time.Minute); ; {
		ok, err := fn()
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(errors.New("pgtest: it does not come to pass"), err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ask reads one value.
func (c *Cluster) ask(sql string, value any, args ...any) error {
	return c.as("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sql, args...).Scan(value)
	})
}

// Pause stops the replay of a standby: it goes on receiving, and shows what it
// has replayed. Resume ends that.
func (c *Cluster) Pause() error {
	if err := c.Exec("postgres", "SELECT pg_wal_replay_pause()"); err != nil {
		return err
	}
	return until(func() (bool, error) {
		state := ""
		err := c.ask("SELECT pg_get_wal_replay_pause_state()", &state)
		return state == "paused", err
	})
}

// Resume lets a standby go on replaying.
func (c *Cluster) Resume() error { return c.Exec("postgres", "SELECT pg_wal_replay_resume()") }

// CatchUp waits until a standby has replayed all that the primary has written.
func (c *Cluster) CatchUp() error {
	at := ""
	if err := c.of.ask("SELECT pg_current_wal_flush_lsn()::text", &at); err != nil {
		return err
	}
	return until(func() (ok bool, err error) {
		err = c.ask("SELECT coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)", &ok, at)
		return ok, err
	})
}

// Freeze keeps the server and all its processes from doing anything, until Thaw:
// connections stay, and nothing is answered.
func (c *Cluster) Freeze() error { return c.signal(syscall.SIGSTOP) }

// Thaw lets the server go on.
func (c *Cluster) Thaw() error { return c.signal(syscall.SIGCONT) }

func (c *Cluster) signal(s syscall.Signal) error {
	pid, err := c.server()
	if err != nil {
		return err
	}
	for _, p := range append(children(pid), pid) {
		if err := syscall.Kill(p, s); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	return nil
}

// Promote makes a standby take writes itself.
func (c *Cluster) Promote() error {
	var ok bool
	return c.ask("SELECT pg_promote()", &ok)
}
