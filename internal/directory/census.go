package directory

import (
	"context"
	"math"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Census is what a site has.
type Census struct {
	Types []TypeCensus
	Days  []time.Time // midnights, UTC, the oldest first, of TypeCensus.Days
	At    time.Time
}

// TypeCensus counts the records of a type.
type TypeCensus struct {
	Type  profile.Type
	Name  string // as published
	Count int64
	Days  []int64 // created on each of Census.Days; nil for what is no person or group
}

// CensusOf counts the site's records, and those that were created on each of so
// many days, today the last. Who was created when is read by the order of
// numbers, which are given in the order of creation: what an API client dated
// back counts on the day it came. Errors: Forbidden.
func (s *Site) CensusOf(ctx context.Context, who access.Principal, days int) (out Census, err error) {
	if err := s.operator(ctx, access.ReportRead, who); err != nil {
		return out, err
	}
	today := s.d.now().Truncate(24 * time.Hour)
	out = Census{At: s.d.now(), Days: make([]time.Time, days)}
	for i := range out.Days {
		out.Days[i] = today.AddDate(0, 0, i+1-days)
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		out.Types = nil
		for _, t := range []profile.Type{profile.User, profile.Organization, profile.Community, profile.Household, profile.Document, profile.Plan} {
			c := TypeCensus{Type: t, Name: s.table().nameOf(t)}
			var err error
			if c.Count, err = r.CountNumbers(t, math.MinInt64, math.MaxInt64); err != nil {
				return err
			}
			if t.IsSubject() {
				if c.Days, err = createdOn(r, t, out.Days); err != nil {
					return err
				}
			}
			out.Types = append(out.Types, c)
		}
		return nil
	})
	return out, err
}

// createdOn counts the records of a type that were created on each day.
func createdOn(r store.Reader, t profile.Type, days []time.Time) ([]int64, error) {
	first, last, err := numbersOf(r, t)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(days))
	high := last
	for i := len(days) - 1; i >= 0 && high >= first; i-- {
		low, err := numberSince(r, t, first, high, days[i])
		if err != nil {
			return nil, err
		}
		if out[i], err = r.CountNumbers(t, low, high); err != nil {
			return nil, err
		}
		high = low - 1
	}
	return out, nil
}

// numbersOf gives the lowest and the highest number of a type: 1 and 0 where it
// has no records.
func numbersOf(r store.Reader, t profile.Type) (first, last int64, err error) {
	first, last = 1, 0
	for _, desc := range []bool{false, true} {
		err := r.Brief(t, math.MinInt64, math.MaxInt64, desc, func(rec *store.Record) bool {
			if desc {
				last = rec.Number
			} else {
				first = rec.Number
			}
			return false
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return first, last, nil
}

// numberSince finds the lowest number between low and high from which on records
// were created at a time or later: high+1 when there is none.
func numberSince(r store.Reader, t profile.Type, low, high int64, at time.Time) (int64, error) {
	low--
	high++
	for high-low > 1 { // what low has is older, or there is nothing; what high has is not
		middle := low + (high-low)/2
		older, found := false, middle
		err := r.Brief(t, middle, high-1, false, func(rec *store.Record) bool {
			older, found = rec.Created.Before(at), rec.Number
			return false
		})
		if err != nil {
			return 0, err
		}
		if older {
			low = found
		} else {
			high = middle
		}
	}
	return high, nil
}

// JobCount is how much work of a site waits: mails, messages, clearing up.
type JobCount struct {
	Waiting int64
	Failed  int64 // of those: what did not work at least once, and is tried again
	Capped  bool  // there is more
}

// jobsCounted is how far the jobs are counted.
const jobsCounted = 1000

// JobsWaiting counts the site's work that waits. Errors: Forbidden.
func (s *Site) JobsWaiting(ctx context.Context, who access.Principal) (out JobCount, err error) {
	if err := s.operator(ctx, access.ReportRead, who); err != nil {
		return out, err
	}
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		if out.Waiting, err = r.JobsWaiting(false, jobsCounted+1); err != nil {
			return err
		}
		out.Failed, err = r.JobsWaiting(true, jobsCounted)
		out.Capped = out.Waiting > jobsCounted
		out.Waiting = min(out.Waiting, jobsCounted)
		return err
	})
	return out, err
}
