package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"facet/internal/store/postgres"
)

type migrateCommand struct {
	dataFlags
	Distribute bool `help:"Spread the database over the servers of Citus, where PostgreSQL has that extension. Stop all other facet processes first; where it is ended halfway, say it again."`
	Shards     int  `default:"128" placeholder:"N" help:"In how many parts it is spread (${default}): a few for each server there may ever be."`
}

// Run brings the schema up to date, and says so.
func (c migrateCommand) Run(ctx context.Context, io streams) error {
	shards := 0
	if c.Distribute {
		if shards = c.Shards; shards < 1 || shards > postgres.MaxShards {
			return usageError{fmt.Errorf("--shards must be 1 to %d", postgres.MaxShards)}
		}
	}
	done, err := c.config().Migrate(ctx, slog.New(slog.DiscardHandler), shards)
	if err != nil {
		return err
	}
	for _, name := range done.Applied {
		fmt.Fprintf(io.Out, "migrated %s\n", name)
	}
	fmt.Fprintln(io.Out, "the schema is up to date")
	if len(done.Moved) > 0 {
		fmt.Fprintf(io.Out, "distributed %s\n", strings.Join(done.Moved, " "))
	}
	if done.Shards > 0 {
		fmt.Fprintf(io.Out, "the database lies in %d shards\n", done.Shards)
	}
	return nil
}
