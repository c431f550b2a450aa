"""A simulated wrist-PPG cohort: the study's default data, made in a second without a network.

The recordings that the study is about may not be redistributed, so what has to run out of the box
runs on simulated people. They are hard for the reason that real recordings are hard: arm swing and
footfall leak into the PPG as strongly as the pulse does, at frequencies that the pulse crosses as
it quickens and slows. They are learnable for the reason that real recordings are: the
accelerometer sees the motion too, and three PPG channels see pulse and motion in different
proportions.

From cause to effect: a random protocol of bouts (rest, hand work, walk, run, recovery) asks for an
effort, which heart rate follows with first-order kinetics between the subject's resting and
maximal rate [1]_, [2]_. Respiratory sinus arrhythmia and Mayer waves, fading as the heart speeds
up, modulate it [3]_, [4]_. An integral pulse frequency modulator turns rate into beats [5]_, and
each beat becomes a systolic and a dicrotic Gaussian [6]_ whose timing scales with the square root
of the beat's length, as in [3]_. Gait and gestures drive the accelerometer, and short FIR filters,
the model that adaptive noise cancellers assume [7]_, carry its signal into the PPG. Last come
perfusion changes, baseline wander, sensor noise and lost contact. Effort and cadence are drawn
independently, so neither the activity nor the step rate tells the heart rate.

References
----------
.. [1] H. Tanaka, K. D. Monahan, D. R. Seals, "Age-predicted maximal heart rate revisited",
   J. Am. Coll. Cardiol. 37(1), 153-156, 2001.
.. [2] J. R. Stirling, M. Zakynthinaki, I. Refoyo, J. Sampedro, "A model of heart rate kinetics in
   response to exercise", J. Nonlinear Math. Phys. 15 (suppl. 3), 426-436, 2008.
.. [3] P. E. McSharry, G. D. Clifford, L. Tarassenko, L. A. Smith, "A dynamical model for
   generating synthetic electrocardiogram signals", IEEE Trans. Biomed. Eng. 50(3), 289-294, 2003.
.. [4] Task Force of the European Society of Cardiology and the North American Society of Pacing
   and Electrophysiology, "Heart rate variability: standards of measurement, physiological
   interpretation, and clinical use", Circulation 93(5), 1043-1065, 1996.
.. [5] J. Mateo, P. Laguna, "Improved heart rate variability signal analysis from the beat
   occurrence times according to the IPFM model", IEEE Trans. Biomed. Eng. 47(8), 985-996, 2000.
.. [6] Q. Tang, Z. Chen, R. Ward, M. Elgendi, "Synthetic photoplethysmogram generation using two
   Gaussian functions", Sci. Rep. 10, 13883, 2020.
.. [7] B. Widrow et al., "Adaptive noise cancelling: principles and applications", Proc. IEEE
   63(12), 1692-1716, 1975.
"""
