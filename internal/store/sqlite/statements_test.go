package sqlite

import (
	"strings"
	"testing"
)

// TestEveryStatementSearchesByIndex reads the plan of each statement: none
// walks a whole table or sorts, but for the few of the installation's sites,
// for the hosts when a site is made, and for the size, which is one row.
func TestEveryStatementSearchesByIndex(t *testing.T) {
	s, _ := open(t)
	few := map[statement]bool{selectSites: true, selectSiteTaken: true, selectHostUnder: true, selectSize: true}
	for i, text := range statements {
		switch strings.Fields(text)[0] {
		case "SELECT", "UPDATE", "DELETE":
		default:
			continue
		}
		var plan []string
		_, err := s.w.c.scriptRows("EXPLAIN QUERY PLAN "+text, func(row *stmt) bool {
			plan = append(plan, row.text(3))
			return true
		})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, step := range plan {
			step = strings.Replace(step, "SCAN (subquery", "(subquery", 1) // what a LIMIT has cut
			if !few[statement(i)] && (strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")) {
				t.Errorf("%s\nwould %s", text, step)
			}
		}
	}
}
