package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/store"
	"facet/internal/store/row"
)

// sweepEvery is how often each process drops what nobody is held up by.
const sweepEvery = time.Minute

// sharedNow is the time, in microseconds, by the one clock that all processes
// have: theirs may differ by more than a network is ever held up.
const sharedNow = `(extract(epoch FROM statement_timestamp()) * 1000000)::bigint`

var (
	// In the order of networks, so that two processes never wait for each other.
	addSpent = sql(`
		INSERT INTO spent (network, until)
		SELECT network, ` + sharedNow + ` + cost
		FROM unnest(string_to_array(?::text, ' '), string_to_array(?::text, ' ')::bigint[]) AS new (network, cost)
		ORDER BY network
		ON CONFLICT (network) DO UPDATE SET until = excluded.until + greatest(spent.until - ` + sharedNow + `, 0)
		RETURNING network, until - ` + sharedNow)
	sweepSpent = sql(`DELETE FROM spent WHERE until < ` + sharedNow)
)

// Spend adds what networks have spent in this process, and tells what they have
// in all.
func (s *Store) Spend(ctx context.Context, now time.Time, spent []store.Spent) ([]store.Spent, error) {
	spent = slices.Clone(spent)
	slices.SortFunc(spent, func(a, b store.Spent) int { return strings.Compare(a.Network, b.Network) })
	var networks, costs strings.Builder
	for i, v := range spent {
		if i > 0 {
			networks.WriteByte(' ')
			costs.WriteByte(' ')
		}
		networks.WriteString(v.Network)
		costs.WriteString(strconv.FormatInt(v.Cost.Microseconds(), 10))
	}
	var out []store.Spent
	err := s.update(ctx, 0, func(t *tx) error {
		out = make([]store.Spent, 0, len(spent))
		err := t.query(addSpent, func(v rowOf) {
			out = append(out, store.Spent{Network: v.text(0), Until: now.Add(time.Duration(v.int(1)) * time.Microsecond)})
		}, networks.String(), costs.String())
		if last := s.sweptAt.Load(); err == nil && row.Micros(now)-last > sweepEvery.Microseconds() && s.sweptAt.CompareAndSwap(last, row.Micros(now)) {
			err = t.write(nil, sweepSpent)
		}
		return err
	})
	return out, err
}

var _ store.Shared = (*Store)(nil)
