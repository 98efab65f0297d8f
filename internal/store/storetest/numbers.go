package storetest

import (
	"errors"
	"sync"

	"facet/internal/store"
)

func testNumbers(f *fixture) {
	draw := func(n int) (first int64) {
		f.Helper()
		f.update(func(tx store.Tx) (err error) {
			first, err = tx.Numbers(n)
			return err
		})
		return first
	}
	var mu sync.Mutex
	given := map[int64]bool{}
	note := func(first int64, n int) {
		mu.Lock()
		defer mu.Unlock()
		for i := first; i < first+int64(n); i++ {
			if given[i] || i <= 0 {
				f.Errorf("%d is given again", i)
			}
			given[i] = true
		}
	}

	f.run("small numbers can be given by hand", func(f *fixture) {
		first := draw(1)
		note(first, 1)
		if first < 100 {
			f.Errorf("the first number is %d", first)
		}
	})
	f.run("numbers drawn together follow one another", func(f *fixture) {
		for _, n := range []int{1, 2, 1500, 10, 999, 1000, 1001, 1} {
			note(draw(n), n)
		}
	})
	f.run("none or less cannot be drawn", func(f *fixture) {
		for _, n := range []int{0, -1} {
			err := f.site.Update(f.ctx, func(tx store.Tx) error {
				_, err := tx.Numbers(n)
				return err
			})
			if err == nil {
				f.Errorf("%d numbers drawn", n)
			}
		}
	})
	f.run("no number is given twice, whatever fails beside it", func(f *fixture) {
		fail := errors.New("changed my mind")
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range count(200) {
					n := 1 + (g*31+i)%300
					var first int64
					err := f.site.Update(f.ctx, func(tx store.Tx) (err error) {
						if first, err = tx.Numbers(n); err != nil {
							return err
						}
						if i%5 == 0 {
							return errors.Join(tx.PutAttempts(store.Attempts{Subject: f.id(), Kind: "x"}), fail)
						}
						return nil
					})
					if err == nil {
						note(first, n)
					} else if !errors.Is(err, fail) {
						f.Error(err)
					}
				}
			}()
		}
		wg.Wait()
	})
	f.run("a number given by hand is passed over", func(f *fixture) {
		first := draw(1)
		note(first, 1)
		rec := f.user()
		rec.Number = first + 5000
		f.create(rec)
		given[rec.Number] = true
		for range 6 {
			note(draw(1000), 1000)
		}
	})
	f.run("nor after reopening", func(f *fixture) {
		for range 3 {
			f.s = f.reopen()
			f.site = f.s.Site(1)
			first := int64(0)
			f.update(func(tx store.Tx) (err error) {
				first, err = tx.Numbers(3)
				return err
			})
			note(first, 3)
		}
	})
}
