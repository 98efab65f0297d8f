package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// list prints lines as JSON, or rows as a table whose first row is the head.
func list(io streams, asJSON bool, lines any, rows [][]string) error {
	if asJSON {
		return printJSON(io, lines)
	}
	w := tabwriter.NewWriter(io.Out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

func printJSON(io streams, v any) error {
	enc := json.NewEncoder(io.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
