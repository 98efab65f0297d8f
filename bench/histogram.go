package main

import (
	"math/bits"
	"slices"
	"time"
)

// histogram counts durations in buckets whose width is at most a 32nd of their
// value: microseconds up to 64, then 32 buckets for each doubling.
type histogram [32 * 26]uint64

const fine = 64 // µs that have a bucket each

func bucketOf(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < fine {
		return int(us)
	}
	shift := bits.Len64(us) - 6 // leaves 32 to 63
	return min(shift*32+int(us>>shift), len(histogram{})-1)
}

// lowest gives the least duration of a bucket.
func lowest(bucket int) time.Duration {
	if bucket < fine {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket/32 - 1
	return time.Duration(uint64(bucket-shift*32)<<shift) * time.Microsecond
}

func (h *histogram) add(d time.Duration) { h[bucketOf(d)]++ }

func (h *histogram) merge(other *histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// percentile gives the duration that p of 100 do not exceed, by the lower end
// of its bucket; 0 for an empty histogram.
func (h *histogram) percentile(p float64) time.Duration {
	var total uint64
	for _, n := range h {
		total += n
	}
	if total == 0 {
		return 0
	}
	rank := max(uint64(p/100*float64(total)+0.999999), 1)
	var sum uint64
	for i, n := range h {
		if sum += n; sum >= rank {
			return lowest(i)
		}
	}
	return lowest(len(h) - 1)
}

// median gives the middle value, the mean of the two middle ones of an even
// count, 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
