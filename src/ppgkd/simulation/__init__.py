"""A simulated wrist-PPG cohort: the default data of a study, simulated in a second.

Real recordings may not be redistributed, so the default study uses simulated subjects. They are as
difficult as real recordings for the same reason: arm swing and footfall cause artefacts as strong
as the pulse, at frequencies that the pulse rate crosses. A model can learn from them for the same
reason: the accelerometer measures the motion, and three PPG channels contain pulse and motion in
different proportions.

The simulation goes from cause to effect. A random protocol of bouts (rest, hand work, walk, run,
recovery) sets the effort. Heart rate follows it with first-order kinetics between the subject's
resting and maximal rate [1]_, [2]_. Respiratory sinus arrhythmia and Mayer waves modulate it, less
at high rates [3]_, [4]_. An integral pulse frequency modulator converts rate to beats [5]_. Each
beat is a systolic and a dicrotic Gaussian [6]_, whose timing scales with the square root of the
beat interval, as in [3]_. Gait and gestures drive the accelerometer; short FIR filters, the model
of adaptive noise cancellers [7]_, add its signal to the PPG. Perfusion changes, baseline wander,
sensor noise and lost contact come last. Effort and cadence are drawn independently, so neither the
activity nor the step rate determines the heart rate.

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
