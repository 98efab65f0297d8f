package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// figure is one row of the table: something of ours beside its baseline.
type figure struct {
	Name     string  `json:"name"`
	Store    string  `json:"store"`
	Baseline string  `json:"baseline_name"`
	Target   float64 `json:"target,omitempty"` // least ratio; 0: none
	Ours     series  `json:"ours"`
	Bare     series  `json:"baseline"`
	Memory   int64   `json:"memory"` // bytes resident after our last run
}

// ratio compares the medians.
func (f figure) ratio() float64 {
	if f.Bare.rate() == 0 {
		return 0
	}
	return f.Ours.rate() / f.Bare.rate()
}

// series is the runs of one thing.
type series struct {
	Rates []float64 `json:"per_second"`
	P50   []float64 `json:"p50_ms"`
	P99   []float64 `json:"p99_ms"`
	CPU   []float64 `json:"cpu_us_per_request"` // of the server's process
}

func (s *series) add(r result, cpu time.Duration) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	s.Rates = append(s.Rates, float64(r.Count)/r.Took.Seconds())
	s.P50 = append(s.P50, ms(r.Latency.percentile(50)))
	s.P99 = append(s.P99, ms(r.Latency.percentile(99)))
	s.CPU = append(s.CPU, float64(cpu)/float64(time.Microsecond)/float64(max(r.Total, 1)))
}

func (s series) rate() float64 { return median(s.Rates) }

// spread is "12.3k (11.0k–13.1k)".
func (s series) spread() string {
	if len(s.Rates) == 0 {
		return "–"
	}
	least, most := s.Rates[0], s.Rates[0]
	for _, r := range s.Rates {
		least, most = min(least, r), max(most, r)
	}
	return fmt.Sprintf("%s (%s–%s)", short(s.rate()), short(least), short(most))
}

func short(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.1fk", v/1000)
	case v >= 1000:
		return fmt.Sprintf("%.2fk", v/1000)
	}
	return fmt.Sprintf("%.0f", v)
}

// printTable writes the figures for people.
func printTable(out io.Writer, figures []figure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "store\tfigure\tours a second\tbaseline a second\tratio\ttarget\tp50/p99 ms ours\tbaseline\tCPU µs ours\tbaseline")
	for _, f := range figures {
		target := "–"
		if f.Target > 0 {
			verdict := "met"
			if f.ratio() < f.Target {
				verdict = "missed"
			}
			target = fmt.Sprintf("%.2f %s", f.Target, verdict)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%s\t%.2f/%.1f\t%.2f/%.1f\t%.1f\t%.1f\n", f.Store, f.Name, f.Ours.spread(), f.Bare.spread(), f.ratio(), target,
			median(f.Ours.P50), median(f.Ours.P99), median(f.Bare.P50), median(f.Bare.P99), median(f.Ours.CPU), median(f.Bare.CPU))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nbaselines:")
	for i, f := range figures {
		if i == 0 || figures[i-1].Baseline != f.Baseline {
			fmt.Fprintf(out, "  %s: %s\n", f.Name, f.Baseline)
		}
	}
	return nil
}

// writeJSON writes the figures for programs.
func writeJSON(path string, figures []figure) error {
	type row struct {
		figure
		Ratio float64 `json:"ratio"`
	}
	rows := make([]row, len(figures))
	for i, f := range figures {
		rows[i] = row{f, f.ratio()}
	}
	b, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
