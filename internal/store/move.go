package store

import "context"

// RowSource is a store whose rows are read table by table, so that another
// backend takes them over. Nobody writes in it meanwhile.
type RowSource interface {
	// Columns lists the columns of each table.
	Columns(ctx context.Context) (map[string][]string, error)
	// Rows calls fn with every row of a table until fn fails. The cells, and
	// what they hold, are valid only during the call.
	Rows(ctx context.Context, table string, columns []string, fn func([]Cell) error) error
}

// Cell is a value of a row: a number, or the bytes of a text, an id or a secret.
type Cell struct {
	Number int64
	Bytes  []byte
}
