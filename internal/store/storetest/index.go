package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

// row is an index row of the model.
type row struct {
	value  string
	number int64
}

func compareRows(a, b row) int {
	if c := strings.Compare(a.value, b.value); c != 0 {
		return c
	}
	return cmp.Compare(a.number, b.number)
}

// testIndex compares what searches read with a list in memory.
func testIndex(f *fixture) {
	const t = profile.Type("listed")
	var rows []row
	var numbers []int64
	for i, number := range []int64{7, -3, 40, 12, 41, 5, math.MaxInt64, 13, 8, math.MinInt64, 100, 6} {
		rec := f.user()
		rec.Type, rec.Number, rec.Attrs, rec.Password = t, number, fmt.Append(nil, number), strconv.Itoa(i%2)
		for _, v := range []string{ordered[i*5%len(ordered)], "same", ordered[i%3]} {
			if x := (store.Indexed{Path: "p", Value: v}); !slices.Contains(rec.Index, x) {
				rec.Index = append(rec.Index, x)
			}
		}
		rec.Index = append(rec.Index, store.Indexed{Path: "q", Value: "elsewhere"})
		f.create(rec)
		next := copyOf(rec)
		switch i {
		case 3:
			next.Index = []store.Indexed{{Path: "p", Value: "moved"}}
			f.update(func(tx store.Tx) error { return tx.Save(rec, next, f.event("x")) })
			rec = next
		case 4:
			f.update(func(tx store.Tx) error { return tx.Remove(rec, f.event("x")) })
			continue
		}
		numbers = append(numbers, number)
		for _, x := range rec.Index {
			if x.Path == "p" {
				rows = append(rows, row{x.Value, number})
			}
		}
	}
	slices.Sort(numbers)
	slices.SortFunc(rows, compareRows)
	view := func(rt *rapid.T, fn func(r store.Reader) error) {
		if err := f.site.View(f.ctx, fn); err != nil {
			rt.Fatal(err)
		}
	}
	ends := append([]int64{math.MinInt64, math.MaxInt64, 0, 9}, numbers...)
	rangeOf := func(rt *rapid.T) (low, high int64) {
		return rapid.SampledFrom(ends).Draw(rt, "low"), rapid.SampledFrom(ends).Draw(rt, "high")
	}
	within := func(low, high int64, desc bool) (out []int64) {
		for _, n := range numbers {
			if low <= n && n <= high {
				out = append(out, n)
			}
		}
		if desc {
			slices.Reverse(out)
		}
		return out
	}
	f.run("numbers are listed, skipped and counted as a list says", func(f *fixture) {
		rapid.Check(f, func(rt *rapid.T) {
			low, high := rangeOf(rt)
			desc, skip, most := rapid.Bool().Draw(rt, "desc"), rapid.IntRange(0, 12).Draw(rt, "skip"), rapid.IntRange(1, 12).Draw(rt, "most")
			want := within(low, high, desc)
			view(rt, func(r store.Reader) error {
				var got []int64
				err := r.Brief(t, low, high, desc, func(rec *store.Record) bool {
					if rec.Type != t || string(rec.Attrs) != fmt.Sprint(rec.Number) || rec.ID.IsZero() || rec.Password == "" || rec.Created.IsZero() || rec.Updated.IsZero() {
						rt.Errorf("got %+v", rec)
					}
					got = append(got, rec.Number)
					return len(got) < most
				})
				if !slices.Equal(got, want[:min(most, len(want))]) {
					rt.Errorf("got %v, want %v", got, want)
				}
				n, err2 := r.CountNumbers(t, low, high)
				if n != int64(len(want)) {
					rt.Errorf("counted %d of %v", n, want)
				}
				at, err3 := r.NumberAt(t, low, high, int64(skip), desc)
				if skip >= len(want) {
					if !errors.Is(err3, store.ErrNotFound) {
						rt.Errorf("at %d of %v: %d, %v", skip, want, at, err3)
					}
					err3 = nil
				} else if at != want[skip] {
					rt.Errorf("at %d of %v: %d", skip, want, at)
				}
				return errors.Join(err, err2, err3)
			})
		})
	})
	f.run("values are listed and counted as a list says", func(f *fixture) {
		values := append([]string{"same", "moved", ""}, ordered...)
		rapid.Check(f, func(rt *rapid.T) {
			in := store.Range{Path: "p", Low: rapid.SampledFrom(values).Draw(rt, "from"), High: rapid.SampledFrom(values).Draw(rt, "to")}
			desc, most := rapid.Bool().Draw(rt, "desc"), rapid.IntRange(1, 40).Draw(rt, "most")
			var want []row
			for _, x := range rows {
				if x.value >= in.Low && (in.High == "" || x.value <= in.High) {
					want = append(want, x)
				}
			}
			whole := int64(len(want))
			if desc {
				slices.Reverse(want)
			}
			view(rt, func(r store.Reader) error {
				var got []row
				err := r.Values(t, in, desc, func(v []byte, number int64) bool {
					got = append(got, row{string(v), number})
					return len(got) < most
				})
				if !slices.Equal(got, want[:min(most, len(want))]) {
					rt.Errorf("got %v, want %v", got, want)
				}
				n, err2 := r.CountValues(t, in, -1)
				some, err3 := r.CountValues(t, in, int64(most))
				if n != whole || some != min(whole, int64(most)) {
					rt.Errorf("counted %d, and %d to %d, of %d", n, some, most, whole)
				}
				return errors.Join(err, err2, err3)
			})
		})
	})
	f.run("who holds a value is listed by number", func(f *fixture) {
		rapid.Check(f, func(rt *rapid.T) {
			value := rapid.SampledFrom([]string{"same", "moved", "Same", ordered[0], ordered[1], ordered[2]}).Draw(rt, "value")
			low, high := rangeOf(rt)
			desc, most := rapid.Bool().Draw(rt, "desc"), rapid.IntRange(1, 12).Draw(rt, "most")
			var want []int64
			for _, n := range within(low, high, desc) {
				if slices.Contains(rows, row{value, n}) {
					want = append(want, n)
				}
			}
			view(rt, func(r store.Reader) error {
				var got []int64
				err := r.Holders(t, "p", value, low, high, desc, func(n int64) bool {
					got = append(got, n)
					return len(got) < most
				})
				if !slices.Equal(got, want[:min(most, len(want))]) {
					rt.Errorf("got %v, want %v", got, want)
				}
				return err
			})
		})
	})
}

// testSweep reads many records at once.
func testSweep(f *fixture) {
	const t, each = profile.Type("swept"), 100
	many := count(30000)
	var ids []profile.ID
	var recs []*store.Record
	for i := range many {
		rec := f.user()
		rec.ID, rec.Type, rec.Number, rec.Attrs = f.near(i), t, int64(i), fmt.Append(nil, each)
		if i%5 == 4 {
			rec.Type = "beside"
		} else {
			ids = append(ids, rec.ID)
		}
		recs = append(recs, rec)
	}
	for some := range slices.Chunk(recs, 2000) {
		f.update(func(tx store.Tx) error {
			for _, rec := range some {
				if err := tx.Create(rec, f.event("x")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	f.run("every record comes once, to each worker in order", func(f *fixture) {
		for _, desc := range []bool{false, true} {
			var seen [][]int64
			f.view(func(r store.Reader) error {
				return r.Sweep(t, 17, int64(many-20), desc, func() func(*store.Record) bool {
					i := len(seen)
					seen = append(seen, nil)
					mine := []int64(nil)
					return func(rec *store.Record) bool {
						mine = append(mine, rec.Number)
						seen[i] = mine
						return true
					}
				})
			})
			var all []int64
			for _, mine := range seen {
				if desc {
					slices.Reverse(mine)
				}
				if !slices.IsSorted(mine) {
					f.Error("out of order")
				}
				all = append(all, mine...)
			}
			slices.Sort(all)
			n := 0
			for i := 17; i <= many-20; i++ {
				if i%5 != 4 {
					n++
				}
			}
			f.equal(len(all), n)
			f.equal(len(slices.Compact(all)), n)
		}
	})
	f.run("a worker that has enough gets no more", func(f *fixture) {
		var calls atomic.Int64
		workers := 0
		f.view(func(r store.Reader) error {
			return r.Sweep(t, math.MinInt64, math.MaxInt64, false, func() func(*store.Record) bool {
				workers++
				n := 0
				return func(*store.Record) bool {
					calls.Add(1)
					n++
					return n < 3
				}
			})
		})
		if n := int(calls.Load()); n < 3 || n > 3*workers {
			f.Errorf("%d calls of %d workers", n, workers)
		}
	})
	f.run("it ends soon after the context", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		var calls atomic.Int64
		err := f.site.View(ctx, func(r store.Reader) error {
			return r.Sweep(t, math.MinInt64, math.MaxInt64, false, func() func(*store.Record) bool {
				return func(*store.Record) bool {
					if calls.Add(1) == 100 {
						cancel()
					}
					return true
				}
			})
		})
		f.wantErr(err, context.Canceled)
		if n := calls.Load(); n > 5000 {
			f.Errorf("%d records after 100", n)
		}
	})
	f.run("a panic reaches the caller, and the store goes on", func(f *fixture) {
		func() {
			defer func() { f.equal(recover(), "in the sweep") }()
			_ = f.site.View(f.ctx, func(r store.Reader) error {
				return r.Sweep(t, math.MinInt64, math.MaxInt64, false, func() func(*store.Record) bool {
					return func(*store.Record) bool { panic("in the sweep") }
				})
			})
		}()
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountNumbers(t, 0, 3) }), 4)
	})
	f.run("nothing there is nothing", func(f *fixture) {
		f.view(func(r store.Reader) error {
			return r.Sweep("nobody", math.MinInt64, math.MaxInt64, true, func() func(*store.Record) bool {
				return func(*store.Record) bool { f.Error("something"); return false }
			})
		})
	})
	f.run("it is one moment, whatever is written meanwhile", func(f *fixture) {
		stop, written := make(chan struct{}), make(chan struct{})
		var writer sync.WaitGroup
		var first sync.Once
		writer.Go(func() {
			move := func(tx store.Tx, id profile.ID, by int) error {
				rec, err := tx.Record(id)
				if err != nil {
					return err
				}
				next := copyOf(rec)
				n, _ := strconv.Atoi(string(rec.Attrs))
				next.Attrs = fmt.Append(nil, n+by)
				return tx.Save(rec, next, f.event("x"))
			}
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				from, to := ids[i*7919%len(ids)], ids[(i*104729+len(ids)/2)%len(ids)]
				if from == to || f.apart(from, to) {
					continue
				}
				err := f.site.Update(f.ctx, func(tx store.Tx) error { return errors.Join(move(tx, from, -1), move(tx, to, 1)) })
				if err != nil {
					f.Error(err)
					return
				}
				first.Do(func() { close(written) })
			}
		})
		<-written
		for range 20 {
			var sums []*int
			f.view(func(r store.Reader) error {
				return r.Sweep(t, math.MinInt64, math.MaxInt64, false, func() func(*store.Record) bool {
					sum := new(int)
					sums = append(sums, sum)
					return func(rec *store.Record) bool {
						n, _ := strconv.Atoi(string(rec.Attrs))
						*sum += n
						return true
					}
				})
			})
			whole := 0
			for _, s := range sums {
				whole += *s
			}
			f.equal(whole, each*len(ids))
		}
		close(stop)
		writer.Wait()
	})
}
