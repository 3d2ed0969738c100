//! The one screen of `inferguard check`.

use super::text::{Sheet, Style, styled};
use super::{
    RenderOptions, bridge, brief, configuration, families, findings, inputs, records, running,
    spans, windows,
};
use crate::report::{Answer, CheckReport};

/// Renders the report: five lines where nothing is wrong, what is needed to act where something is;
/// everything where [`RenderOptions::all`] asks for it.
pub fn check(report: &CheckReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    let all = options.all;
    running::newer(&mut sheet, &report.releases);
    if !all && brief::fits(report) {
        brief::lines(&mut sheet, report);
        return sheet.finish();
    }
    answer(&mut sheet, report);
    configuration::entry(&mut sheet, report.configuration.as_ref());
    sheet.blank();
    findings::wrong(&mut sheet, &report.findings, all);
    running::runs(&mut sheet, report, all);
    bridge::short(&mut sheet, &report.bridge);
    windows::hit_rates(&mut sheet, &report.targets, all);
    records::traces(&mut sheet, report);
    spans::spans(&mut sheet, &report.spans);
    records::logs(&mut sheet, report, all);
    families::signals(&mut sheet, &report.families, all);
    findings::cannot_tell(&mut sheet, &report.not_evaluable);
    inputs::inputs(&mut sheet, &report.inputs);
    if !all {
        sheet.entry(
            "MORE",
            "--all shows every reason; inferguard explain CODE says more of a finding",
        );
    }
    sheet.finish()
}

fn answer(sheet: &mut Sheet, report: &CheckReport) {
    let (style, word) = match report.answer {
        Answer::SomethingWrong => (Style::Bad, "SOMETHING IS WRONG"),
        Answer::NothingWrongInWhatWasSeen => (Style::Good, "NOTHING WRONG IN WHAT WAS SEEN"),
        Answer::NothingSeen => (Style::Warn, "NOTHING SEEN TO JUDGE"),
    };
    sheet.raw(&styled(style, word));
    let room = sheet.width();
    for line in super::text::wrap(&report.summary, room) {
        sheet.raw(&line);
    }
}
