package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// course is which history a server writes: a cluster, and a time line of it.
type course struct{ cluster, timeline int64 }

// The control file has a time line only from its first checkpoint on.
const selectCourse = `
	SELECT s.system_identifier, pg_is_in_recovery(), CASE
		WHEN pg_is_in_recovery() THEN c.timeline_id::bigint
		ELSE ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint END
	FROM pg_control_system() s, pg_control_checkpoint() c`

// follow looks, with each new connection, whether the server is still on the
// course that this process knows: it may be another one, that was promoted in
// the place of the first.
func (s *Store) follow(ctx context.Context, c *pgx.Conn) error {
	known := s.course.Load()
	now, standby, err := courseOf(ctx, c)
	switch {
	case err != nil:
		return err
	case standby: // the connection would outlive the promotion
		c.PgConn().CustomData()[preparedKey] = &prepared{statements: make([]bool, len(statements)), named: map[string]bool{}, standby: true}
		return nil
	case known == nil || now == *known: // nil: Open is not that far
		return nil
	}
	return s.settle(ctx, c)
}

func courseOf(ctx context.Context, c *pgx.Conn) (on course, standby bool, err error) {
	err = c.QueryRow(ctx, selectCourse, pgx.QueryExecModeSimpleProtocol).Scan(&on.cluster, &standby, &on.timeline)
	return on, standby, err
}

// settle reads the epoch of event positions. Where the database has come to
// another cluster, or its cluster to another time line, by a restore or because
// a standby was promoted, the ids of transactions may begin anew: that is a new
// epoch. Of several processes that see it one begins it, before any of them
// writes.
func (s *Store) settle(ctx context.Context, c *pgx.Conn) error {
	now, standby, err := courseOf(ctx, c)
	if err != nil {
		return err
	}
	var epoch int64
	err = pgx.BeginFunc(ctx, c, func(t pgx.Tx) error {
		mode, lock := pgx.QueryExecModeSimpleProtocol, " FOR UPDATE"
		if standby || s.readOnly {
			lock = ""
		}
		read := func(key, lock string) (value int64, err error) {
			err = t.QueryRow(ctx, `SELECT value FROM meta WHERE key = $1`+lock, mode, key).Scan(&value)
			if errors.Is(err, pgx.ErrNoRows) {
				err = nil
			}
			return value, err
		}
		if epoch, err = read("epoch", lock); err != nil {
			return err
		}
		if epoch == 0 {
			return errors.New("table meta has no epoch")
		}
		var was course
		if was.cluster, err = read("cluster", ""); err != nil {
			return err
		}
		if was.timeline, err = read("timeline", ""); err != nil {
			return err
		}
		if lock == "" || was == now {
			return nil
		}
		if was.cluster != 0 {
			epoch++
		}
		for key, value := range map[string]int64{"epoch": epoch, "cluster": now.cluster, "timeline": now.timeline} {
			if _, err := t.Exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2)
				ON CONFLICT (key) DO UPDATE SET value = excluded.value`, mode, key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.epoch.Store(epoch)
		s.course.Store(&now)
	}
	return err
}
