package console

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// censusDays is how many days the plot of the overview has. Counting a large
// site takes a moment: after censusLife it is done anew while the old numbers
// are shown, after censusEnd before any are.
const (
	censusDays = 28
	censusLife = 15 * time.Second
	censusEnd  = 5 * time.Minute
)

// censuses are the last counts of each site.
type censuses struct {
	mu   sync.Mutex
	of   map[string]directory.Census
	busy map[string]bool // sites that are being counted
}

// overviewData is what the overview shows.
type overviewData struct {
	Census  directory.Census
	Total   int64 // of people and groups
	Plot    plot
	Traffic []Traffic
	All     Traffic // of all faces together; no percentiles
	Rate    float64 // requests a second since the page was asked before
	Store   StoreFacts
	Jobs    directory.JobCount
}

// home leads to what is most likely wanted.
func (c *Console) home(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	v, err := viewerOf(r, call)
	if err != nil {
		return err
	}
	if !v.Reads {
		return redirect(w, r, "/console/me")
	}
	return c.overview(w, r, call)
}

// overview shows how the site is; its numbers are asked for again every few
// seconds.
func (c *Console) overview(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	census, err := c.count(r, call)
	if err != nil {
		return err
	}
	d := overviewData{Census: census, Plot: plotOf(census), Traffic: c.Traffic(call.Site.Name())}
	for _, t := range census.Types {
		if t.Type.IsSubject() {
			d.Total += t.Count
		}
	}
	for _, t := range d.Traffic {
		d.All.Requests += t.Requests
		d.All.Refused += t.Refused
		d.All.Failed += t.Failed
	}
	d.Rate = c.samples.rate(call.Site.Name(), time.Now(), d.All.Requests)
	if d.Jobs, err = call.Site.JobsWaiting(r.Context(), call.Who); err != nil {
		return err
	}
	if c.Store != nil {
		if d.Store, err = c.Store(r.Context()); err != nil {
			return err
		}
	}
	if isPart(r) {
		return c.part(w, r, call, http.StatusOK, "overview-numbers", d)
	}
	return c.show(w, r, call, http.StatusOK, page{Name: "overview", Title: "Overview", Section: "overview", Wide: true, Data: d})
}

// count gives the census of the site. One that is a little old is given, and
// made anew for who asks next. Who may not see it is told so each time.
func (c *Console) count(r *http.Request, call *face.Call) (directory.Census, error) {
	name := call.Site.Name()
	c.census.mu.Lock()
	last, ok := c.census.of[name]
	age := call.Site.Now().Sub(last.At)
	renew := ok && age >= censusLife && !c.census.busy[name]
	if renew && age < censusEnd {
		if c.census.busy == nil {
			c.census.busy = map[string]bool{}
		}
		c.census.busy[name] = true
	}
	c.census.mu.Unlock()
	switch {
	case !ok || age >= censusEnd:
		return c.recount(r.Context(), call.Site, call.Who)
	case renew:
		ctx := context.WithoutCancel(r.Context())
		go func() {
			_, _ = c.recount(ctx, call.Site, call.Who) // the old one stays, and is tried again
			c.census.mu.Lock()
			defer c.census.mu.Unlock()
			delete(c.census.busy, name)
		}()
	}
	return last, call.Site.MaySubjects(r.Context(), access.ReportRead, call.Who)
}

func (c *Console) recount(ctx context.Context, site *directory.Site, who access.Principal) (directory.Census, error) {
	next, err := site.CensusOf(ctx, who, censusDays)
	if err != nil {
		return next, err
	}
	c.census.mu.Lock()
	defer c.census.mu.Unlock()
	if c.census.of == nil || len(c.census.of) > 1000 {
		c.census.of = map[string]directory.Census{}
	}
	c.census.of[site.Name()] = next
	return next, nil
}

// samples remember how many requests there were when a site's overview was made
// last.
type samples struct {
	mu sync.Mutex
	of map[string]sample
}

type sample struct {
	at       time.Time
	requests uint64
	rate     float64
}

// rate gives the requests a second since at least two seconds ago.
func (s *samples) rate(site string, now time.Time, requests uint64) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.of[site]
	if ok && now.Sub(last.at) < 2*time.Second {
		return last.rate
	}
	next := sample{at: now, requests: requests}
	if took := now.Sub(last.at); ok && took < time.Minute && requests >= last.requests {
		next.rate = float64(requests-last.requests) / took.Seconds()
	}
	if s.of == nil || len(s.of) > 1000 {
		s.of = map[string]sample{}
	}
	s.of[site] = next
	return next.rate
}

// The plot of what was created on each day: columns of parts, in units of its
// viewBox.
const (
	plotWidth, plotHeight = 840, 180
	plotTop               = 12
)

type plot struct {
	Width, Height, Base int
	Columns             []column
	Lines               []line
	Legend              []part
	Sum                 int64
}

type column struct {
	X, Width int
	Day      time.Time
	Label    bool // its day is written below
	Parts    []part
	Sum      int64
}

type part struct {
	Y, Height int
	Class     string // the colour
	Name      string
	Count     int64
}

type line struct {
	Y     int
	Count int64
}

var plotClasses = map[profile.Type]string{profile.User: "c1", profile.Organization: "c2", profile.Community: "c3"}

func plotOf(c directory.Census) plot {
	p := plot{Width: plotWidth, Height: plotHeight + 24, Base: plotHeight}
	var highest int64
	for i, day := range c.Days {
		col := column{Day: day, X: 44 + i*(plotWidth-44)/len(c.Days), Width: (plotWidth-44)/len(c.Days) - 6, Label: i%7 == len(c.Days)%7}
		for _, t := range c.Types {
			if t.Days != nil {
				col.Parts = append(col.Parts, part{Class: plotClasses[t.Type], Name: kindName(t.Type), Count: t.Days[i]})
				col.Sum += t.Days[i]
			}
		}
		highest, p.Sum = max(highest, col.Sum), p.Sum+col.Sum
		p.Columns = append(p.Columns, col)
	}
	top := roundUp(highest)
	scale := func(n int64) int { return int(n * (plotHeight - plotTop) / top) }
	for _, n := range []int64{0, top / 2, top} {
		if l := (line{plotHeight - scale(n), n}); !slices.Contains(p.Lines, l) {
			p.Lines = append(p.Lines, l)
		}
	}
	for i := range p.Columns {
		y := plotHeight
		for j := range p.Columns[i].Parts {
			q := &p.Columns[i].Parts[j]
			q.Height = scale(q.Count)
			if q.Count > 0 {
				q.Height = max(q.Height, 2)
			}
			y -= q.Height
			q.Y = y
		}
	}
	if len(p.Columns) > 0 {
		p.Legend = p.Columns[0].Parts
	}
	return p
}

// roundUp gives an even number to end an axis with.
func roundUp(n int64) int64 {
	for step := int64(1); ; step *= 10 {
		for _, m := range []int64{2, 4, 6, 10} {
			if n <= m*step {
				return m * step
			}
		}
	}
}
