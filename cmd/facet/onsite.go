package main

import (
	"context"
	"errors"
	"log/slog"

	"facet/internal/config"
	"facet/internal/directory"
)

// siteFlags name one site of a data folder.
type siteFlags struct {
	dataFlags
	Site string `arg:"" help:"Name of the site."`
}

// open gives the site to change, while no server runs; closing gives the folder
// back.
func (f siteFlags) open(ctx context.Context) (site *directory.Site, closing func(), err error) {
	in, err := f.config().Open(ctx, slog.New(slog.DiscardHandler))
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

// onSite names the site by a flag, for commands whose argument is something
// else.
type onSite struct {
	dataFlags
	Site string `placeholder:"NAME" help:"Name of the site (default: the only one, or the one that answers hosts no site lists)."`
}

// open gives the site to change; see siteFlags.
func (f onSite) open(ctx context.Context) (*directory.Site, func(), error) {
	in, err := f.config().Open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return f.siteOf(ctx, in)
}

// read gives the site to look at, also beside a running server.
func (f onSite) read(ctx context.Context) (*directory.Site, func(), error) {
	in, err := f.config().OpenForReading(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return f.siteOf(ctx, in)
}

func (f onSite) siteOf(ctx context.Context, in *config.Installation) (*directory.Site, func(), error) {
	if f.Site == "" {
		sites, err := in.Directory.Sites(ctx)
		if err != nil {
			in.Close()
			return nil, nil, err
		}
		for _, s := range sites {
			if s.Default || len(sites) == 1 {
				f.Site = s.Name
			}
		}
		if f.Site == "" {
			in.Close()
			return nil, nil, errors.New("there are several sites: name one with --site")
		}
	}
	return siteFlags(f).siteOf(ctx, in)
}
