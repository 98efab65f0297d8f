package transfer

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Meter tells people how far something has come: with a bar, the rate and the
// time left on a terminal, else with a plain line every few seconds.
type Meter struct {
	out   io.Writer
	what  string // "records"
	bar   *progressbar.ProgressBar
	total int64 // bytes; 0: not known
	now   func() time.Time
	begun time.Time
	told  time.Time
	first int64 // how many were done before this run …
	from  int64 // … and bytes
}

// plainEvery is the time between two plain lines.
const plainEvery = 5 * time.Second

// NewMeter gives a meter on out; total is how many bytes there are to go
// through, 0 where nobody knows.
func NewMeter(out io.Writer, what string, total int64) *Meter {
	m := &Meter{out: out, what: what, total: total, now: time.Now}
	m.begun = m.now()
	m.told = m.begun
	if f, ok := out.(*os.File); ok && isTerminal(f) {
		most := total
		if most == 0 {
			most = -1
		}
		m.bar = progressbar.NewOptions64(most, progressbar.OptionSetWriter(out), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish())
	}
	return m
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Resume tells what was done before this run: it does not count for the rate.
func (m *Meter) Resume(done, bytes int64) { m.first, m.from = done, bytes }

// Set tells that so many are done, and so many bytes gone through.
func (m *Meter) Set(done, bytes int64) {
	now := m.now()
	if m.bar != nil {
		m.bar.Describe(fmt.Sprintf("%d %s, %.0f a second", done, m.what, m.rate(done, now)))
		_ = m.bar.Set64(bytes)
		return
	}
	if now.Sub(m.told) < plainEvery {
		return
	}
	m.told = now
	fmt.Fprintln(m.out, m.line(done, bytes, now))
}

func (m *Meter) rate(done int64, now time.Time) float64 {
	return float64(done-m.first) / max(now.Sub(m.begun).Seconds(), 0.001)
}

// line is a plain line: what is done, how fast, and how long it may take.
func (m *Meter) line(done, bytes int64, now time.Time) string {
	text := fmt.Sprintf("%d %s, %.0f a second", done, m.what, m.rate(done, now))
	if m.total > 0 && bytes > m.from {
		left := time.Duration(float64(now.Sub(m.begun)) * float64(m.total-bytes) / float64(bytes-m.from))
		text += fmt.Sprintf(", %d%%, %s left", 100*bytes/m.total, left.Round(time.Second))
	}
	return text
}

// End takes the bar away.
func (m *Meter) End() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}
