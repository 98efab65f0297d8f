package main

import (
	"context"
	"fmt"
	"log/slog"
)

type moveCommand struct {
	dataFlags
	To string `required:"" placeholder:"URL" help:"Empty database to move into: postgres://USER@HOST/NAME."`
}

// Run moves the database, and says how to go on.
func (c moveCommand) Run(ctx context.Context, io streams) error {
	all := int64(0)
	err := c.config().Move(ctx, c.To, slog.New(slog.DiscardHandler), func(table string, rows int64) {
		if rows > 0 {
			fmt.Fprintf(io.Out, "%-14s %12d rows\n", table, rows)
		}
		all += rows
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "moved %d rows; the folder keeps pictures, and the old database, which is served no more\nnext: facet serve --data DIR --database URL, with the folder and the database of this move\n", all)
	return nil
}
