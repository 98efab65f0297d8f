package djaoapp_test

import (
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

// addPlan gives a profile a plan that lasts a day.
func addPlan(t *testing.T, s *facetest.Service, provider, slug string, skipOptin bool) {
	t.Helper()
	rec, err := s.Store.Site(1).Get(t.Context(), profile.Slug, provider)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Site.AddPlan(t.Context(), rec.ID, slug, directory.PlanTerms{
		Title: slug, Active: true, PeriodType: "daily", PeriodLength: 1, Unit: "usd", RenewalType: "one-time", SkipOptin: skipOptin,
	})
	if err != nil {
		t.Fatal(err)
	}
}
