//! Claims on what limits leave: within a process, across processes, and over a ledger in trouble.

use std::slice;

use jiff::SignedDuration;

use super::*;
use crate::llm::ListedModel;
use crate::store::budget::Reserved;

fn limit(name: &'static str, of_machine: bool, most: Amount) -> Limit {
    let now = Timestamp::now();
    Limit {
        name,
        of_machine,
        since: now - SignedDuration::from_hours(1),
        until: now + SignedDuration::from_hours(1),
        most,
    }
}

fn claim(workspace: &str, tokens: u64, ticks: u64) -> Claim {
    Claim {
        workspace: workspace.into(),
        tokens,
        ticks,
    }
}

fn spend(store: &Store, workspace: &str, minutes_ago: i64, tokens: u64, ticks: Option<u64>) {
    store.record(Row {
        time: Timestamp::now() - SignedDuration::from_mins(minutes_ago),
        workspace: workspace.into(),
        total_tokens: tokens,
        cost_ticks: ticks,
        ..Row::default()
    });
}

fn granted(store: &Store, claim: Claim, limits: &[Limit]) -> Option<Reservation> {
    match store.reserve(claim, limits.to_vec()).wait().unwrap() {
        Verdict::Granted { reservation, .. } => Some(reservation),
        Verdict::Refused(_) => None,
    }
}

#[test]
fn a_claim_is_granted_up_to_the_limit_and_not_past_it() {
    let folder = folder();
    let store = store(&folder);
    spend(&store, "/w", 1, 60, Some(600));
    spend(&store, "/w", 1, 5, None);
    spend(&store, "/other", 1, 20, Some(200));
    spend(&store, "/w", 90, 1_000, Some(10_000));
    let check = |limit: &Limit, tokens: u64, ticks: u64, expected: Option<u64>| {
        let verdict = store.reserve(claim("/w", tokens, ticks), vec![limit.clone()]);
        let refused = match verdict.wait().unwrap() {
            Verdict::Granted { .. } => None,
            Verdict::Refused(standing) => Some(standing.spent),
        };
        assert_eq!(refused, expected, "{limit:?} {tokens} {ticks}");
    };
    let money = limit("daily_usd", false, Amount::Ticks(1_000));
    check(&money, 9_999, 400, None);
    check(&money, 0, 401, Some(600));
    let tokens = limit("daily_tokens", false, Amount::Tokens(100));
    check(&tokens, 35, 9_999, None);
    check(&tokens, 36, 0, Some(65));
    let machine = limit("total_daily_usd", true, Amount::Ticks(1_000));
    check(&machine, 0, 200, None);
    check(&machine, 0, 201, Some(800));
}

#[test]
fn what_was_booked_by_a_clock_that_was_ahead_counts_when_that_time_comes() {
    let folder = folder();
    let store = store(&folder);
    let today = limit("daily_tokens", false, Amount::Tokens(100));
    let ahead = |limit: &Limit, days: i64| Limit {
        since: limit.since + SignedDuration::from_hours(24 * days),
        until: limit.until + SignedDuration::from_hours(24 * days),
        ..limit.clone()
    };
    spend(&store, "/w", -60 * 24 * 300, 60, None);
    // Written or still to be.
    for is_written in [false, true] {
        assert!(!is_written || store.flush(SOON));
        for (days, most) in [(0, 100), (299, 100), (300, 40), (301, 100)] {
            let limits = [ahead(&today, days)];
            let passed = granted(&store, claim("/w", most + 1, 0), &limits);
            assert!(passed.is_none(), "{days}");
            assert!(granted(&store, claim("/w", most, 0), &limits).is_some());
        }
    }
}

/// Each store has a connection of its own, as each process has.
#[test]
fn claims_of_the_same_moment_never_pass_a_limit_together() {
    let tokens = limit("total_daily_tokens", true, Amount::Tokens(30));
    for _ in 0..5 {
        let folder = folder();
        store(&folder).usage(&Query::default()).unwrap();
        let all_at_once = std::sync::Barrier::new(12);
        let ask = || {
            let store = store(&folder);
            all_at_once.wait();
            (
                granted(&store, claim("/w", 10, 0), slice::from_ref(&tokens)),
                store,
            )
        };
        let asked: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..12).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(asked.iter().filter(|(one, _)| one.is_some()).count(), 3);
    }
}

#[test]
fn of_several_limits_that_would_be_passed_the_one_that_holds_longest_is_told() {
    let folder = folder();
    let store = store(&folder);
    let day = limit("daily_usd", false, Amount::Ticks(1));
    let month = Limit {
        name: "monthly_usd",
        until: day.until + SignedDuration::from_hours(400),
        ..day.clone()
    };
    let verdict = store.reserve(claim("/w", 0, 2), vec![day.clone(), month, day]);
    match verdict.wait().unwrap() {
        Verdict::Refused(standing) => assert_eq!(standing.limit.name, "monthly_usd"),
        granted @ Verdict::Granted { .. } => panic!("{granted:?}"),
    }
}

#[test]
fn claims_of_one_process_never_overshoot_together() {
    let folder = folder();
    let store = store(&folder);
    let limits = [limit("daily_tokens", false, Amount::Tokens(100))];
    // All asked before the first is answered.
    let verdicts: Vec<_> = (0..10)
        .map(|_| store.reserve(claim("/w", 30, 0), limits.to_vec()))
        .collect();
    let held: Vec<Reservation> = verdicts
        .into_iter()
        .filter_map(|verdict| match verdict.wait().unwrap() {
            Verdict::Granted { reservation, .. } => Some(reservation),
            Verdict::Refused(_) => None,
        })
        .collect();
    assert_eq!(held.len(), 3);
    drop(held);
    assert!(granted(&store, claim("/w", 100, 0), &limits).is_some());
}

#[test]
fn claims_are_seen_by_other_processes_until_they_are_given_back() {
    let folder = folder();
    let (first, second) = (store(&folder), store(&folder));
    let limits = [limit("daily_tokens", false, Amount::Tokens(100))];
    let held = granted(&first, claim("/w", 60, 0), &limits).unwrap();
    assert!(first.flush(SOON));
    assert!(granted(&second, claim("/w", 60, 0), &limits).is_none());
    assert!(granted(&second, claim("/other", 60, 0), &limits).is_some());
    spend(&first, "/w", 0, 10, None);
    drop(held);
    assert!(first.flush(SOON));
    assert!(granted(&second, claim("/w", 90, 0), &limits).is_some());
    assert!(granted(&second, claim("/w", 91, 0), &limits).is_none());
}

#[test]
fn a_claim_that_nobody_waits_for_is_given_back() {
    let folder = folder();
    let store = store(&folder);
    let limits = [limit("daily_tokens", false, Amount::Tokens(100))];
    drop(store.reserve(claim("/w", 100, 0), limits.to_vec()));
    let reply = store.reserve(claim("/w", 100, 0), limits.to_vec());
    // Answered already, and not looked at.
    assert!(
        store
            .description(DescriptionKey::new(b"", "", 1, ""))
            .wait()
            .is_ok()
    );
    drop(reply);
    assert!(granted(&store, claim("/w", 100, 0), &limits).is_some());
}

#[test]
fn what_a_killed_process_left_behind_counts_for_ten_minutes() {
    let folder = folder();
    let limits = [limit("daily_tokens", false, Amount::Tokens(100))];
    let check = |minutes_ago: i64, is_granted: bool| {
        let store = store(&folder);
        store.write(Write::Reserve(Box::new(Reserved {
            id: 1,
            time: Timestamp::now() - SignedDuration::from_mins(minutes_ago),
            claim: claim("/w", 100, 0),
        })));
        assert!(store.flush(SOON));
        let granted = granted(&store, claim("/w", 1, 0), &limits);
        assert_eq!(granted.is_some(), is_granted, "{minutes_ago}");
    };
    check(9, false);
    check(11, true);
    // Of a clock that was set back meanwhile: a little is a request under way, more is not.
    check(-9, false);
    check(-11, true);
    check(-60 * 24 * 365, true);
}

#[test]
fn four_fifths_are_told_once_a_limit_and_while() {
    let folder = folder();
    let check = |store: &Store, limits: &[Limit], workspace: &str, expected: &[&str]| {
        let verdict = store.reserve(claim(workspace, 1, 0), limits.to_vec());
        let Verdict::Granted { nearly_used, .. } = verdict.wait().unwrap() else {
            panic!("refused");
        };
        let names: Vec<_> = nearly_used
            .iter()
            .map(|standing| standing.limit.name)
            .collect();
        assert_eq!(names, expected);
    };
    let first = store(&folder);
    let own = limit("daily_tokens", false, Amount::Tokens(100));
    let all = limit("total_daily_tokens", true, Amount::Tokens(1_000));
    let limits = [own.clone(), all.clone()];
    spend(&first, "/w", 1, 78, None);
    spend(&first, "/other", 1, 79, None);
    check(&first, &limits, "/w", &[]);
    check(&first, &limits, "/other", &["daily_tokens"]);
    spend(&first, "/w", 1, 1, None);
    check(&first, &limits, "/w", &["daily_tokens"]);
    check(&first, &limits, "/w", &[]);
    assert!(first.flush(SOON));
    check(&store(&folder), &limits, "/w", &[]);
    // So does a limit that was raised, and the next day.
    let raised = limit("daily_tokens", false, Amount::Tokens(110));
    let raised = Limit {
        since: own.since,
        ..raised
    };
    spend(&first, "/w", 1, 10, None);
    check(&first, slice::from_ref(&raised), "/w", &["daily_tokens"]);
    check(&first, slice::from_ref(&raised), "/w", &[]);
    let tomorrow = Limit {
        since: own.since + SignedDuration::from_mins(1),
        ..own
    };
    check(&first, &[tomorrow], "/w", &["daily_tokens"]);
    spend(&first, "/third", 1, 700, None);
    check(&first, slice::from_ref(&all), "/w", &["total_daily_tokens"]);
    check(&first, &[all], "/other", &[]);
}

#[test]
fn a_ledger_that_can_only_be_read_holds_a_limit_all_the_same() {
    let folder = folder();
    let store = store(&folder);
    spend(&store, "/w", 1, 60, None);
    assert!(store.flush(SOON));
    let other = Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let limits = [limit("daily_tokens", false, Amount::Tokens(100))];
    let held = granted(&store, claim("/w", 30, 0), &limits);
    assert!(held.is_some());
    assert!(granted(&store, claim("/w", 30, 0), &limits).is_none());
    spend(&store, "/w", 0, 35, None);
    drop(held);
    assert!(granted(&store, claim("/w", 5, 0), &limits).is_some());
    assert!(granted(&store, claim("/w", 6, 0), &limits).is_none());
}

#[test]
fn a_ledger_that_cannot_be_read_is_an_error() {
    let limits = vec![limit("daily_tokens", false, Amount::Tokens(100))];
    let verdict = Store::new(None).reserve(claim("/w", 1, 0), limits).wait();
    assert_eq!(verdict.unwrap_err(), StoreError::NoFolder);
}

#[test]
fn the_list_of_models_is_kept_by_endpoint() {
    let folder = folder();
    let first = store(&folder);
    let list = |id: &str| ModelList {
        tried: "2026-11-22T12:34:56Z".parse().unwrap(),
        models: vec![ListedModel {
            id: id.into(),
            aliases: vec!["alias".into()],
            context: Some(1),
            sees_images: Some(true),
            price: crate::llm::models::known("grok-4.3").map(|model| model.price),
        }],
    };
    first.keep_models("https://a", list("old"));
    first.keep_models("https://a", list("new"));
    let check = |store: &Store, endpoint: &str, expected: Option<ModelList>| {
        assert_eq!(store.models(endpoint.into()).wait().unwrap(), expected);
    };
    check(&first, "https://a", Some(list("new")));
    assert!(first.flush(SOON));
    check(&store(&folder), "https://a", Some(list("new")));
    check(&first, "https://b", None);
}

#[test]
fn pruning_deletes_what_is_older_and_nothing_else() {
    let folder = folder();
    let store = store(&folder);
    for minutes in [1, 10, 20] {
        spend(&store, "/w", minutes, 1, None);
    }
    assert!(store.flush(SOON));
    let before = Timestamp::now() - SignedDuration::from_mins(5);
    assert_eq!(store.count_before(before), Ok(2));
    assert_eq!(store.prune(before), Ok(2));
    assert_eq!(store.prune(before), Ok(0));
    assert_eq!(requests(&store), 1);
}
