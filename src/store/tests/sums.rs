//! Sums out of the database against a naive fold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A row of any numbers, among few names and days so that groups form.
fn any_row() -> impl Strategy<Value = Row> {
    let names = (0..3_u8, 0..3_u8, 0..3_u8, 0..Status::ALL.len(), 0..3_u32);
    let counts = proptest::array::uniform8(0..1_u64 << 40);
    (
        names,
        counts,
        proptest::option::of(0..1_u64 << 45),
        0..5 * 86_400_i64,
    )
        .prop_map(
            |((workspace, action, model, status, retries), counts, ticks, second)| Row {
                retries,
                time: Timestamp::from_second(1_795_000_000 + second).unwrap(),
                workspace: format!("/w{workspace}"),
                action: format!("action {action}"),
                model: format!("grok-{model}"),
                status: Status::ALL[status],
                prompt_tokens: counts[0],
                completion_tokens: counts[1],
                total_tokens: counts[2],
                text_tokens: counts[3],
                image_tokens: counts[4],
                audio_tokens: counts[5],
                cached_tokens: counts[6],
                reasoning_tokens: counts[7],
                cost_ticks: ticks,
                ..Row::default()
            },
        )
}

/// One group's figures, in the order of [`naive`].
type Figures = [u128; 12];

fn naive(row: &Row) -> Figures {
    let is = |statuses: &[Status]| u128::from(statuses.contains(&row.status));
    [
        is(&[Status::Ok, Status::Error, Status::Cancelled]) * (1 + u128::from(row.retries)),
        is(&[Status::FromStore]),
        is(&[Status::Error]),
        row.prompt_tokens.into(),
        row.completion_tokens.into(),
        row.total_tokens.into(),
        row.text_tokens.into(),
        row.image_tokens.into(),
        row.audio_tokens.into(),
        row.cached_tokens.into(),
        row.reasoning_tokens.into(),
        row.cost_ticks.unwrap_or(0).into(),
    ]
}

fn naive_groups(rows: &[Row], name: impl Fn(&Row) -> String) -> BTreeMap<String, Figures> {
    let mut groups: BTreeMap<String, Figures> = BTreeMap::new();
    for row in rows {
        let sums = groups.entry(name(row)).or_insert([0; 12]);
        for (sum, more) in sums.iter_mut().zip(naive(row)) {
            *sum += more;
        }
    }
    groups
}

fn figures(totals: &Totals) -> Figures {
    [
        totals.requests,
        totals.from_store,
        totals.errors,
        totals.prompt_tokens,
        totals.completion_tokens,
        totals.total_tokens,
        totals.text_tokens,
        totals.image_tokens,
        totals.audio_tokens,
        totals.cached_tokens,
        totals.reasoning_tokens,
        totals.cost_ticks,
    ]
    .map(u128::from)
}

fn name_of(key: &Key) -> String {
    match key {
        Key::Workspace(name) | Key::Model(name) | Key::Action(name) => name.clone(),
        Key::Day(day) => day.to_string(),
        Key::Request(row) => row.time.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn sums_equal_those_of_a_naive_fold(
        rows in proptest::collection::vec(any_row(), 0..40),
        since in proptest::option::of(0..5 * 86_400_i64),
    ) {
        let folder = folder();
        let writer = store(&folder);
        rows.iter().for_each(|row| writer.record(row.clone()));
        prop_assert!(writer.flush(SOON));
        let reader = store(&folder);
        let since = since.map(|second| Timestamp::from_second(1_795_000_000 + second).unwrap());
        let asked: Vec<Row> =
            rows.into_iter().filter(|row| since.is_none_or(|since| row.time >= since)).collect();
        let day = |row: &Row| row.time.to_zoned(TimeZone::system()).date().to_string();
        for (by, groups) in [
            (By::Workspace, naive_groups(&asked, |row| row.workspace.clone())),
            (By::Model, naive_groups(&asked, |row| row.model.clone())),
            (By::Action, naive_groups(&asked, |row| row.action.clone())),
            (By::Day, naive_groups(&asked, day)),
        ] {
            let report = reader.usage(&Query { workspace: None, since, by }).unwrap();
            let found: BTreeMap<String, Figures> =
                report.rows.iter().map(|line| (name_of(&line.key), figures(&line.totals))).collect();
            prop_assert_eq!(found.len(), report.rows.len());
            prop_assert_eq!(found, groups);
            let all = naive_groups(&asked, |_| String::new());
            prop_assert_eq!(figures(&report.total), all.get("").copied().unwrap_or([0; 12]));
        }
        let query = Query { workspace: None, since, by: By::Request };
        let report = reader.usage(&query).unwrap();
        prop_assert_eq!(report.rows.len(), asked.len());
        let times: Vec<String> = report.rows.iter().map(|line| name_of(&line.key)).collect();
        prop_assert!(times.is_sorted_by(|one, other| one >= other));
    }
}
