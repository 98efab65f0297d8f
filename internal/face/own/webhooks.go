package own

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/webhook"
)

// webhookWire is a webhook.
type webhookWire struct {
	ID          string   `json:"id"`
	URL         string   `json:"url"`
	Kinds       []string `json:"kinds"` // none: all
	Description string   `json:"description"`
	Enabled     bool     `json:"enabled"`
	Reason      string   `json:"reason,omitempty"` // why it is not
	Version     int64    `json:"version"`
	Created     string   `json:"created"`
	Updated     string   `json:"updated"`
	Cursor      string   `json:"cursor"`                 // after the last event that was taken up
	Waiting     int64    `json:"waiting"`                // events that were taken up and are not sent yet
	Failed      int64    `json:"failed"`                 // events that could not be sent
	Failing     string   `json:"failingSince,omitempty"` // since when no try succeeded
	Secret      string   `json:"secret,omitempty"`       // only when it was just made
}

func webhookOf(h directory.Webhook) webhookWire {
	out := webhookWire{ID: h.ID.String(), URL: h.URL, Kinds: append([]string{}, h.Kinds...), Description: h.Description, Enabled: h.Enabled,
		Reason: string(h.Reason), Version: h.Version, Created: timeText(h.Created), Updated: timeText(h.Updated), Cursor: h.Cursor,
		Waiting: h.Waiting, Failed: h.Failed}
	if h.Failed+h.Waiting > 0 || !h.Failing.IsZero() {
		out.Failing = timeText(h.Failing)
	}
	return out
}

// webhookBody is what a webhook is made from, or what is changed of one.
type webhookBody struct {
	URL         *string   `json:"url"`
	Kinds       *[]string `json:"kinds"`
	Description *string   `json:"description"`
	Enabled     *bool     `json:"enabled"`
	Cursor      *string   `json:"cursor"`
}

func listWebhooks(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := query(r); err != nil {
		return err
	}
	list, err := c.Site.Webhooks(r.Context(), c.Who)
	if err != nil {
		return err
	}
	out := struct {
		Webhooks []webhookWire `json:"webhooks"`
	}{[]webhookWire{}}
	for _, h := range list {
		out.Webhooks = append(out.Webhooks, webhookOf(h))
	}
	return write(w, http.StatusOK, out)
}

func createWebhook(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		URL         *string  `json:"url"`
		Kinds       []string `json:"kinds"`
		Description string   `json:"description"`
	}
	if err := readObject(w, r, &in); err != nil {
		return err
	}
	if in.URL == nil {
		return profile.E(profile.Missing, profile.CodeRequired, "url", "it is needed")
	}
	h, secret, err := c.Site.CreateWebhook(r.Context(), c.Who, directory.NewWebhook{URL: *in.URL, Kinds: in.Kinds, Description: in.Description})
	if err != nil {
		return err
	}
	out := webhookOf(h)
	out.Secret = secret.String()
	w.Header().Set("Location", "/webhooks/"+out.ID)
	return write(w, http.StatusCreated, out)
}

// withWebhook serves a path that names a webhook.
func withWebhook(handle func(http.ResponseWriter, *http.Request, *face.Call, profile.ID) error) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		id, err := idIn(r, "webhook")
		if err != nil {
			return err
		}
		return handle(w, r, c, id)
	}
}

func readWebhook(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	if _, err := query(r); err != nil {
		return err
	}
	h, err := c.Site.Webhook(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, webhookOf(h))
}

func changeWebhook(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	var in webhookBody
	if err := readObject(w, r, &in); err != nil {
		return err
	}
	h, err := c.Site.ChangeWebhook(r.Context(), c.Who, id, directory.WebhookEdit(in))
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, webhookOf(h))
}

func deleteWebhook(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	if err := c.Site.DeleteWebhook(r.Context(), c.Who, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// usualOverlap is for how many hours a secret that was replaced still signs.
const usualOverlap = 24

func replaceSecret(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	in := struct {
		Hours int `json:"hours"`
	}{usualOverlap}
	if err := readObject(w, r, &in); err != nil {
		return err
	}
	secret, err := c.Site.ReplaceWebhookSecret(r.Context(), c.Who, id, in.Hours)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, map[string]string{"secret": secret.String()})
}

func testWebhook(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	message, err := c.Site.TestWebhook(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, map[string]string{"id": message})
}

// failedWire is an event that could not be sent.
type failedWire struct {
	ID     string        `json:"id"` // of the delivery
	Event  webhook.Event `json:"event"`
	Tries  int64         `json:"tries"`
	Tried  string        `json:"tried"`            // the last time
	Why    string        `json:"why"`              // it failed then
	Status int           `json:"status,omitempty"` // of the answer, if there was one
}

func listFailed(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	p, err := query(r, "after", "limit")
	if err != nil {
		return err
	}
	limit, err := p.number("limit", 1, directory.MaxFailedPage, usualPage)
	if err != nil {
		return err
	}
	var after profile.ID
	if text, given := p["after"]; given {
		if after, err = profile.ParseID(text); err != nil {
			return profile.E(profile.Malformed, profile.CodeInvalidID, "after", "it is not the id of a delivery")
		}
	}
	list, err := c.Site.FailedDeliveries(r.Context(), c.Who, id, after, limit)
	if err != nil {
		return err
	}
	out := struct {
		Failed []failedWire `json:"failed"`
		More   bool         `json:"more"` // there may be more, after the last
	}{[]failedWire{}, len(list) == limit}
	for _, f := range list {
		out.Failed = append(out.Failed, failedWire{f.ID.String(), f.Event, f.Tries, timeText(f.Tried), f.Why, f.Status})
	}
	return write(w, http.StatusOK, out)
}

// replayed tells how many deliveries were sent again, or dropped.
type replayed struct {
	Count int `json:"count"`
}

// replay sends one failed delivery again, or all where the path names none.
func replay(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	one, err := deliveryIn(r)
	if err != nil {
		return err
	}
	n, err := c.Site.Replay(r.Context(), c.Who, id, one)
	if err != nil {
		return err
	}
	return write(w, http.StatusAccepted, replayed{n})
}

func discard(w http.ResponseWriter, r *http.Request, c *face.Call, id profile.ID) error {
	one, err := deliveryIn(r)
	if err != nil {
		return err
	}
	n, err := c.Site.Discard(r.Context(), c.Who, id, one)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, replayed{n})
}

// deliveryIn reads the delivery that the path names: zero where it names none.
func deliveryIn(r *http.Request) (profile.ID, error) {
	if r.PathValue("delivery") == "" {
		return profile.ID{}, nil
	}
	id, err := idIn(r, "delivery")
	if err == nil && id.IsZero() {
		err = profile.E(profile.NotFound, profile.CodeNotFound, "", "there is no such thing")
	}
	return id, err
}

// feedRoutes are those of the feed and of webhooks.
func feedRoutes() []face.Route {
	const one, failed, delivery = "/webhooks/{webhook}", "/webhooks/{webhook}/failed", "/webhooks/{webhook}/failed/{delivery}"
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []face.Route{
		{Method: get, Pattern: "/events", Permission: access.EventRead, Handle: events},
		{Method: get, Pattern: "/events/history", Permission: access.EventRead, Handle: history},
		{Method: put, Pattern: "/events/history", Permission: access.EventKeep, Handle: keepHistory},

		{Method: get, Pattern: "/webhooks", Permission: access.WebhookRead, Handle: listWebhooks},
		{Method: post, Pattern: "/webhooks", Permission: access.WebhookWrite, Handle: createWebhook},
		{Method: get, Pattern: one, Permission: access.WebhookRead, Handle: withWebhook(readWebhook)},
		{Method: patch, Pattern: one, Permission: access.WebhookWrite, Handle: withWebhook(changeWebhook)},
		{Method: del, Pattern: one, Permission: access.WebhookWrite, Handle: withWebhook(deleteWebhook)},
		{Method: post, Pattern: one + "/secret", Permission: access.WebhookWrite, Handle: withWebhook(replaceSecret)},
		{Method: post, Pattern: one + "/test", Permission: access.WebhookWrite, Handle: withWebhook(testWebhook)},
		{Method: get, Pattern: failed, Permission: access.WebhookRead, Handle: withWebhook(listFailed)},
		{Method: del, Pattern: failed, Permission: access.WebhookWrite, Handle: withWebhook(discard)},
		{Method: post, Pattern: failed + "/replay", Permission: access.WebhookWrite, Handle: withWebhook(replay)},
		{Method: del, Pattern: delivery, Permission: access.WebhookWrite, Handle: withWebhook(discard)},
		{Method: post, Pattern: delivery + "/replay", Permission: access.WebhookWrite, Handle: withWebhook(replay)},
	}
}
