package server

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"facet/internal/console"
	"facet/internal/face"
)

// traffic counts what each site was asked in each face, for its operators to see
// in the console: the metrics are of all sites together.
type traffic struct{ sites sync.Map } // trafficKey -> *trafficCount

type trafficKey struct{ site, face string }

// trafficBounds are those of a histogram of the time to answer.
var trafficBounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second,
}

type trafficCount struct {
	refused, failed atomic.Uint64
	buckets         [len(trafficBounds) + 1]atomic.Uint64
}

// note counts one answer.
func (t *traffic) note(site, face string, status int, took time.Duration) {
	key := trafficKey{site, face}
	found, ok := t.sites.Load(key)
	if !ok {
		found, _ = t.sites.LoadOrStore(key, new(trafficCount))
	}
	c := found.(*trafficCount)
	i, _ := slices.BinarySearch(trafficBounds[:], took)
	c.buckets[i].Add(1)
	switch {
	case status >= 500:
		c.failed.Add(1)
	case status >= 400:
		c.refused.Add(1)
	}
}

// of gives what a site was asked, by face.
func (t *traffic) of(site string) []console.Traffic {
	var out []console.Traffic
	for _, name := range []string{djaoapp, entity, cloudillo, household, appdata} {
		found, ok := t.sites.Load(trafficKey{site, name})
		if !ok {
			continue
		}
		c := found.(*trafficCount)
		row := console.Traffic{Face: name, Refused: c.refused.Load(), Failed: c.failed.Load()}
		var counts [len(c.buckets)]uint64
		for i := range c.buckets {
			counts[i] = c.buckets[i].Load()
			row.Requests += counts[i]
		}
		row.P50, row.P99 = quantile(counts[:], row.Requests, .5), quantile(counts[:], row.Requests, .99)
		out = append(out, row)
	}
	return out
}

// quantile reads a histogram, as if what is in a bucket lay evenly in it.
func quantile(counts []uint64, all uint64, q float64) time.Duration {
	rank, before := q*float64(all), 0.0
	for i, n := range counts {
		if before+float64(n) < rank || n == 0 {
			before += float64(n)
			continue
		}
		if i == len(trafficBounds) {
			break
		}
		low := time.Duration(0)
		if i > 0 {
			low = trafficBounds[i-1]
		}
		return low + time.Duration(float64(trafficBounds[i]-low)*(rank-before)/float64(n))
	}
	if all == 0 {
		return 0
	}
	return trafficBounds[len(trafficBounds)-1]
}

func namesOf(faces []face.Face) []string {
	out := make([]string, len(faces))
	for i, f := range faces {
		out[i] = f.Name()
	}
	return out
}
