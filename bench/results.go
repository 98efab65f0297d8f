package main

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// writeResults writes the figures as a page for people, and a plot of each
// store's beside it.
func (b *bench) writeResults(ctx context.Context, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "# Results of `make bench`\n\nWritten by the program, on %s. Every figure of ours stands beside its baseline of the same run, in turn, %d runs each; the median, with the least and the most. "+
		"Server, database and load generator share the machine, so that the ratios say more than the rates.\n\n", time.Now().UTC().Format(time.DateOnly), b.runs)
	fmt.Fprintf(w, "| | |\n|---|---|\n| machine | %s, %d processors, %d MiB of memory |\n| system | %s |\n| Go | %s, %s/%s |\n",
		cell(processor()), runtime.NumCPU(), memoryOfMachine()>>20, cell(systemName()), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, module := range []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5"} {
		fmt.Fprintf(w, "| %s | %s |\n", module, moduleVersion(module))
	}
	if version, err := b.databases.version(ctx); err != nil {
		return err
	} else if version != "" {
		fmt.Fprintf(w, "| database | %s |\n", cell(version))
	}
	for _, store := range []string{onSQLite, onPostgres} {
		some := figuresOf(b.figures, store)
		if len(some) == 0 {
			continue
		}
		plot := strings.TrimSuffix(filepath.Base(path), ".md") + "-" + store + ".svg"
		fmt.Fprintf(w, "\n## On %s\n\n![ours beside the baselines](%s)\n\n", storeNames[store], plot)
		writeFigures(w, some)
		if err := writePlot(filepath.Join(filepath.Dir(path), plot), storeNames[store], some); err != nil {
			return err
		}
	}
	if len(b.notes) > 0 {
		fmt.Fprint(w, "\n## Besides\n\n")
		for _, note := range b.notes {
			fmt.Fprintf(w, "- %s\n", cell(note))
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

var storeNames = map[string]string{onSQLite: "SQLite", onPostgres: "PostgreSQL"}

func figuresOf(all []figure, store string) (some []figure) {
	for _, f := range all {
		if f.Store == store {
			some = append(some, f)
		}
	}
	return some
}

func writeFigures(w io.Writer, figures []figure) {
	fmt.Fprintln(w, "| figure | ours a second | baseline a second | ratio | wanted | p50 / p99 ms, ours | baseline | memory |\n|---|---|---|---|---|---|---|---|")
	for _, f := range figures {
		wanted := "–"
		if f.Target > 0 {
			wanted = fmt.Sprintf("%.2f", f.Target)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %.2f | %s | %.2f / %.1f | %.2f / %.1f | %d MiB |\n", cell(f.Name), f.Ours.spread(), f.Bare.spread(), f.ratio(), wanted,
			median(f.Ours.P50), median(f.Ours.P99), median(f.Bare.P50), median(f.Bare.P99), f.Memory>>20)
	}
	fmt.Fprint(w, "\nBaselines:\n\n")
	for i, f := range figures {
		if i == 0 || figures[i-1].Baseline != f.Baseline {
			fmt.Fprintf(w, "- %s: %s\n", cell(f.Name), cell(f.Baseline))
		}
	}
}

// cell is a text that stands in a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

// The plot's measures, in pixels.
const (
	plotLabel = 430
	plotBars  = 420
	plotRow   = 22
	plotMost  = 1.5 // the ratio at which a bar ends
)

// writePlot draws a bar for each figure: its ratio to its baseline, with a mark
// where it is wanted to be.
func writePlot(path, title string, figures []figure) error {
	var b strings.Builder
	height := 60 + plotRow*len(figures)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", plotLabel+plotBars+90, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="8" y="20" font-size="14">%s: ours as a multiple of the baseline</text>`+"\n", escaped(title))
	at := func(ratio float64) float64 { return plotLabel + plotBars*math.Min(ratio, plotMost)/plotMost }
	for _, ratio := range []float64{0, 0.5, 1, plotMost} {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="34" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" fill="#666" text-anchor="middle">%.1f</text>`+"\n",
			at(ratio), at(ratio), height-22, at(ratio), height-8, ratio)
	}
	for i, f := range figures {
		y := 40 + plotRow*i
		color := "#3b78b5"
		if f.Target > 0 && f.ratio() < f.Target {
			color = "#c0504d"
		}
		name := f.Name
		if len([]rune(name)) > 66 {
			name = string([]rune(name)[:65]) + "…"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, plotLabel-8, y+12, escaped(name))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="14" fill="%s"/>`, plotLabel, y, at(f.ratio())-plotLabel, color)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`, at(f.ratio())+4, y+12, f.ratio())
		if f.Target > 0 && f.Target <= plotMost {
			fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="black" stroke-width="2"/>`, at(f.Target), at(f.Target), y-2, y+16)
		}
		b.WriteByte('\n')
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// processor is the model that the system names, or the architecture.
func processor() string { return fromFile("/proc/cpuinfo", "model name", runtime.GOARCH) }

func systemName() string {
	return strings.Trim(fromFile("/etc/os-release", "PRETTY_NAME", runtime.GOOS), `"`)
}

// fromFile reads a value from lines of the form name: value or name=value.
func fromFile(path, name, otherwise string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return otherwise
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(strings.Replace(line, ":", "=", 1), "="); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}

func memoryOfMachine() (n int64) {
	_, _ = fmt.Sscanf(fromFile("/proc/meminfo", "MemTotal", "0"), "%d", &n)
	return n << 10
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "–"
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return "–"
}

// version tells which server was measured; "" where none was.
func (d *databases) version(ctx context.Context) (version string, err error) {
	if len(d.made) == 0 {
		return "", nil
	}
	err = d.as(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, "SELECT version()").Scan(&version) })
	if d.cluster != nil {
		for _, key := range slices.Sorted(maps.Keys(clusterSettings)) {
			version += ", " + key + " = " + strings.Trim(clusterSettings[key], "'")
		}
	}
	return version, err
}
