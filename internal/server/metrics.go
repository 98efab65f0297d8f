package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"facet/internal/profile"
)

// unmatchedRoute is the route label of requests that no route matched.
const unmatchedRoute = "unmatched"

var classes = [...]string{"", "1xx", "2xx", "3xx", "4xx", "5xx"}

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	started  *prometheus.CounterVec
	limited  *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newMetrics(registry *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "facet_requests_total", Help: "Requests answered, by face, route pattern and class of status."}, []string{"face", "route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "facet_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"face", "route"}),
		started: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "facet_logins_total", Help: "Sign-ins, registrations and redeemed tickets, by face and result (ok, refused, error)."}, []string{"face", "result"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "facet_address_limited_total", Help: "Sign-ins and registrations refused because their address tried too often, by face."}, []string{"face"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "facet_requests_in_flight", Help: "Requests being answered."}),
	}
	if registry != nil {
		registry.MustRegister(m.requests, m.seconds, m.started, m.limited, m.inFlight,
			collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return m
}

// meter counts one route's requests; its series are looked up once, so that a
// request only adds.
type meter struct {
	byClass [len(classes)]prometheus.Counter
	seconds prometheus.Observer
}

func (m *metrics) meter(face, route string) *meter {
	out := &meter{seconds: m.seconds.WithLabelValues(face, route)}
	for i := 1; i < len(classes); i++ {
		out.byClass[i] = m.requests.WithLabelValues(face, route, classes[i])
	}
	return out
}

func (m *meter) note(status int, took time.Duration) {
	if class := status / 100; 0 < class && class < len(m.byClass) {
		m.byClass[class].Inc()
	}
	m.seconds.Observe(took.Seconds())
}

// starts counts what routes that start sessions came to.
type starts struct{ ok, refused, failed prometheus.Counter }

func (m *metrics) sessionStarts(face string) *starts {
	return &starts{
		ok:      m.started.WithLabelValues(face, "ok"),
		refused: m.started.WithLabelValues(face, "refused"),
		failed:  m.started.WithLabelValues(face, "error"),
	}
}

func (s *starts) note(err *profile.Error) {
	switch {
	case s == nil:
	case err == nil:
		s.ok.Inc()
	case err.Kind == profile.Internal:
		s.failed.Inc()
	default:
		s.refused.Inc()
	}
}
