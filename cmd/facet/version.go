package main

import (
	"fmt"
	"runtime/debug"
)

// version is set by the linker for releases: -ldflags "-X main.version=v1.2.3".
var version string

// build is what is known of how this binary was made.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // "+changes" when the tree had some
	Go      string `json:"go,omitempty"`
}

func buildVersion() build {
	out := build{Version: version}
	info, ok := debug.ReadBuildInfo()
	if ok {
		out.Go = info.GoVersion
		if out.Version == "" && info.Main.Version != "(devel)" {
			out.Version = info.Main.Version
		}
		changed := ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				out.Commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = "+changes"
			}
		}
		if out.Commit != "" {
			out.Commit += changed
		}
	}
	if out.Version == "" {
		out.Version = "development"
	}
	return out
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the version.
func (c versionCommand) Run(io streams) error {
	b := buildVersion()
	if c.JSON {
		return printJSON(io, b)
	}
	line := "facet " + b.Version
	if b.Commit != "" {
		line += " (" + b.Commit + ")"
	}
	_, err := fmt.Fprintln(io.Out, line+" "+b.Go)
	return err
}
