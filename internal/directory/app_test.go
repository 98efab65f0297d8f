package directory_test

import (
	"slices"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestAppsAreListedByNumberWithoutKeys(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.demo.AddApp(ctx, directory.NewApp{App: directory.App{Name: "third"}, Key: "third-key"})
	if err != nil || made.ID < 1000 || made.Domains == nil {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := w.demo.AddApp(ctx, directory.NewApp{App: directory.App{ID: 7, Name: "seventh", Domains: []string{"7.example"}, Description: "The seventh."}}); err != nil {
		t.Fatal(err)
	}
	apps, err := w.demo.Apps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range apps {
		names = append(names, a.Name)
	}
	if !slices.Equal(names, []string{"oneclub", "neuraljam", "seventh", "third"}) {
		t.Errorf("apps %v", names)
	}
	if a := apps[2]; a.ID != 7 || a.Domains[0] != "7.example" || a.Description != "The seventh." {
		t.Errorf("app %+v", a)
	}
}

func TestAppIsFoundByItsKeyAlone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, key := range []string{"", "demo-api-key ", "Demo-api-key", "oneclub", "registration-token", "\x00"} {
		_, err := w.demo.AppByKey(ctx, key)
		wantCode(t, err, profile.CodeBadClient)
	}
	if a, err := w.demo.AppByKey(ctx, "demo-api-key"); err != nil || a.ID != 1 || a.Name != "oneclub" {
		t.Errorf("%+v, %v", a, err)
	}
	other, err := w.dir.CreateSite(ctx, directory.NewSite{Name: "other", Domain: "other.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.AppByKey(ctx, "demo-api-key")
	wantCode(t, err, profile.CodeBadClient)
}

func TestAppThatCannotBeIsRefused(t *testing.T) {
	w := newWorld(t)
	for code, in := range map[profile.Code]directory.NewApp{
		profile.CodeRequired: {App: directory.App{Name: " "}},
		profile.CodeInvalid:  {App: directory.App{ID: 1000, Name: "x"}},
		profile.CodeTaken:    {App: directory.App{Name: "x"}, Key: "demo-api-key"},
	} {
		_, err := w.demo.AddApp(t.Context(), in)
		wantCode(t, err, code)
	}
	_, err := w.demo.AddApp(t.Context(), directory.NewApp{App: directory.App{ID: -1, Name: "x"}})
	wantCode(t, err, profile.CodeInvalid)
	_, err = w.demo.AddApp(t.Context(), directory.NewApp{App: directory.App{ID: 1, Name: "x"}})
	wantCode(t, err, profile.CodeTaken)
	_, err = w.demo.AddApp(t.Context(), directory.NewApp{App: directory.App{ID: 42, Name: "x"}}) // a user's number
	wantCode(t, err, profile.CodeTaken)
	if apps, err := w.demo.Apps(t.Context()); err != nil || len(apps) != 2 {
		t.Errorf("%v, %v", apps, err)
	}
}
