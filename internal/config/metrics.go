package config

import (
	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/store/postgres"
)

// What is measured of each replica.
var (
	replicaServes = replicaMetric("facet_replica_serves", "Whether a replica is read from: 1, or 0 when it cannot be.")
	replicaBytes  = replicaMetric("facet_replica_lag_bytes", "Bytes of the database's log that a replica had yet to replay when it was last looked at, about once a second.")
	replicaLag    = replicaMetric("facet_replica_lag_seconds", "Time since what a replica replayed last was committed; 0 when it has replayed all.")
	replicaReads  = replicaMetric("facet_replica_reads_total", "Reads that a replica was asked for, by result: served, behind (what was asked for was not replayed yet) or failed; the last two were made on the database.", "result")
)

func replicaMetric(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"replica"}, more...), nil)
}

// Describe is prometheus.Collector's.
func (i *Installation) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{replicaServes, replicaBytes, replicaLag, replicaReads} {
		to <- d
	}
}

// Collect measures the replicas, where there are any.
func (i *Installation) Collect(to chan<- prometheus.Metric) {
	db, ok := i.Store.(*postgres.Store)
	if !ok {
		return
	}
	for _, r := range db.ReplicaStatus() {
		serves := 0.0
		if r.Serves {
			serves = 1
		}
		for d, value := range map[*prometheus.Desc]float64{replicaServes: serves, replicaBytes: float64(r.LagBytes), replicaLag: r.Lag.Seconds()} {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, r.Name)
		}
		for result, n := range map[string]uint64{"served": r.Served, "behind": r.Behind, "failed": r.Failed} {
			to <- prometheus.MustNewConstMetric(replicaReads, prometheus.CounterValue, float64(n), r.Name, result)
		}
	}
}
