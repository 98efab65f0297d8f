package main

import (
	"context"
	"log/slog"

	"facet/internal/config"
	"facet/internal/directory"
	"facet/internal/webhook"
)

// siteFlags name one site of a data folder.
type siteFlags struct {
	dataFlags
	Site string `arg:"" help:"Name of the site."`

	reach webhook.Filter // which addresses webhooks may have
}

// open gives the site to change, while no server runs; closing gives the folder
// back.
func (f siteFlags) open(ctx context.Context) (site *directory.Site, closing func(), err error) {
	data := f.config()
	data.Webhooks = f.reach
	in, err := data.Open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return f.siteOf(ctx, in)
}

// read gives the site to look at, also beside a running server.
func (f siteFlags) read(ctx context.Context) (site *directory.Site, closing func(), err error) {
	in, err := f.config().OpenForReading(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return f.siteOf(ctx, in)
}

func (f siteFlags) siteOf(ctx context.Context, in *config.Installation) (site *directory.Site, closing func(), err error) {
	site, err = in.Directory.SiteNamed(ctx, f.Site)
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return site, func() { in.Close() }, nil
}
