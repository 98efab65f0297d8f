package postgres

// Statements are all that the store prepares, in the order of their numbers.
func Statements() []string { return statements }

// Why a statement may look into more than one bucket.
const (
	lists   = "a list of the whole site: all shards answer in parallel, each with a page"
	counts  = "a count over the whole site: all shards count in parallel"
	ofMany  = "many keys at once, issued on one server only: each is looked for in its own bucket when it runs"
	oneOnly = "issued on one server only; on several, apart.go has it in two statements"
)

// Everywhere lists the statements that look into more than one bucket, with the
// reason.
func Everywhere() map[int]string {
	all := map[statement]string{
		selectByNumber:        lists,
		selectByNumberDown:    lists,
		selectBrief:           lists,
		selectBriefDown:       lists,
		selectNumberAt:        lists,
		selectNumberAtDown:    lists,
		selectValues.from:     lists,
		selectValues.rng:      lists,
		selectValuesDown.from: lists,
		selectValuesDown.rng:  lists,
		selectHolders:         lists,
		selectHoldersDown:     lists,
		selectSearch:          lists,
		selectSearchDown:      lists,
		selectSearchEnd:       lists,
		selectMatch:           lists,
		selectMatchDown:       lists,
		selectMatchEnd:        lists,
		selectTombstones:      lists,
		countNumbers:          counts,
		countRecords:          counts,
		countValues:           counts,
		countValuesFrom:       counts,
		countSearch:           counts,
		countMatch:            counts,

		selectByName:        oneOnly,
		selectTicket.plain:  oneOnly,
		selectTicket.locked: oneOnly,
		moveTicket:          oneOnly,
		dropTicket:          oneOnly,
		releaseName:         oneOnly,
		leaseJobs:           oneOnly,
		selectEvents:        oneOnly,
		selectNewest:        oneOnly,

		selectEventsBelow: "the feed is of the whole site: all shards answer in parallel, each with a page",
		selectTakenNames:  ofMany,
		selectTakenIDs:    ofMany,
		lockMany:          ofMany,

		selectNewestBelow:  "the end of the feed, of the whole site: all shards answer in parallel, each with one",
		deleteEvents:       "what is kept no longer of the feed, of the whole site: in steps",
		selectDue:          "due jobs are everybody's: all shards answer in parallel, each from an index by time",
		selectAnswersAbout: "answers lie with those who were given them, who may be anybody: asked once, when somebody is erased",
		deletePath:         "an attribute is no longer indexed, for all records of a type: in steps, after a change of an entity type",
	}
	out := map[int]string{}
	for id, why := range all {
		out[int(id)] = why
	}
	return out
}

// Local are the tables with a bucket that stay on one server.
func Local() []string { return local }
